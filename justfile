# The usual commands; `just` lists them.
default:
    @just --list

# Start a working car park.
run *arguments:
    cargo run --release -- {{arguments}}

# Run every test; installs and starts what they need.
test *arguments:
    ./tests/run {{arguments}}

# Format and lint as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Write openapi.json from the code.
openapi:
    cargo run --quiet -- --openapi > openapi.json

# Open the documentation of the crates.
docs:
    cargo doc --workspace --no-deps --open
