# The usual commands; `just` lists them.
default:
    @just --list

# Start a working car park.
run *arguments:
    cargo run --release -- {{arguments}}

# Run every test; installs and starts what they need.
test *arguments:
    ./tests/run {{arguments}}

# Try every rule of the fees on 120,000 random tariffs and stays.
fees:
    PARKPRO_CASES=120000 cargo test --release -p parkpro-domain --test tariffs properties

# Format and lint as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Write openapi.json from the code.
openapi:
    cargo run --quiet -- --openapi > openapi.json

# Measure everything next to its limit, or parts of it (domain, record, sqlite, postgres, reads, live, footprint), and keep it in docs/benchmarks.md; with --quick only see that it works.
bench *arguments:
    cargo bench --workspace --bench park -- {{arguments}}

# The same for small and new lots against large and old ones: up to a million slots and as many tickets.
bench-growth *arguments:
    cargo bench --workspace --bench park -- growth {{arguments}}

# Open the documentation of the crates.
docs:
    cargo doc --workspace --no-deps --open
