//! The program `parkpro`.

use std::process::ExitCode;

use clap::Parser;
use parkpro_web::{cli::Cli, docs, program::Program, settings::Settings, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.openapi {
        print!("{}", docs::openapi_json());
        return ExitCode::SUCCESS;
    }
    match run(&cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Box<dyn std::error::Error>> {
    let loaded = Settings::load(&cli.sources())?;
    if cli.print_config {
        print!("{}", loaded.to_toml());
        return Ok(());
    }
    telemetry::start(&loaded.settings.log);
    let program = Program::start(&loaded).await?;
    println!("{}", program.greeting());
    program.until_told_to_stop().await?;
    Ok(())
}
