# The usual commands; `just` lists them.
default:
    @just --list

# Start a working car park.
run *arguments:
    cargo run --release -- {{arguments}}

# Run every test; installs and starts what they need.
test *arguments:
    ./tests/run {{arguments}}

# Try every rule of the fees on 120,000 random tariffs and stays, and measure how long a fee takes.
fees:
    PARKPRO_CASES=120000 cargo test --release -p parkpro-domain --test tariffs properties
    cargo run --release -p parkpro-domain --example fee_speed

# Format and lint as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Write openapi.json from the code.
openapi:
    cargo run --quiet -- --openapi > openapi.json

# How many changes a second the record takes by itself, from 64 callers, without and with idempotency keys.
bench:
    cargo run --release -p parkpro-sqlite --example rush -- 64 500
    cargo run --release -p parkpro-sqlite --example rush -- 64 500 keys

# Open the documentation of the crates.
docs:
    cargo doc --workspace --no-deps --open
