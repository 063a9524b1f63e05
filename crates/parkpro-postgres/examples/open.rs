use parkpro_domain::ports::Records;
use parkpro_postgres::{PgRecord, PgSettings};
use std::sync::Arc;
#[tokio::main(worker_threads = 2)]
async fn main() {
    for url in std::env::args().skip(1) {
        let shown = url.replace("secret", "***");
        match PgRecord::open(
            PgSettings { transaction_pooler: std::env::var("POOLED").is_ok(), ..PgSettings::new(url) },
            parkpro_testkit::ask::rules(),
            Arc::new(parkpro_testkit::heard::Heard::default()),
        )
        .await
        {
            Ok(record) => println!(
                "OK    {shown}  epoch {:?} ready {:?}",
                record.epoch().await.map_err(|e| e.to_string()),
                record.ready().await.map_err(|e| e.to_string())
            ),
            Err(error) => println!("ERROR {shown}\n      {error}"),
        }
    }
}
