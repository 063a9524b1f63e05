//! What nothing can beat on this machine: the disk's sync, Postgres without a program before it, HTTP without a car park.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use parkpro_testkit::servers::Postgres;
use parkpro_tests::report::Figures;
use serde_json::Value;

use crate::{
    load::{Seen, nanos_since},
    process::{Trees, said},
};

/// A file that is written and synced, page by page, as nothing can be made durable with less.
pub(crate) struct Disk(File);

impl Disk {
    const PAGE: [u8; 4096] = [7; 4096];
    const PAGES: u64 = 4096;

    /// In the folder in which the record is, or will be.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let file = File::create(folder.join("synced")).unwrap();
        for page in 0..Self::PAGES {
            file.write_all_at(&Self::PAGE, page * 4096).unwrap();
        }
        file.sync_all().unwrap();
        Self(file)
    }

    pub(crate) fn sync(&self, window: Duration) -> Figures {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        while begun.elapsed() < window {
            let asked = Instant::now();
            let place = u64::from(seen.answered) % Self::PAGES * 4096;
            self.0.write_all_at(&Self::PAGE, place).unwrap();
            self.0.sync_data().unwrap();
            seen.first.push(nanos_since(asked));
            seen.answered += 1;
        }
        seen.seconds = begun.elapsed().as_secs_f64();
        seen.figures(None)
    }
}

/// A bare actix server in a process of its own.
pub(crate) struct Bare {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Bare {
    pub(crate) const GET: &str = "/got";
    pub(crate) const POST: &str = "/posted";

    /// Answers every JSON that is posted with `posted`, put into JSON anew, and every GET with the bytes of `got`.
    pub(crate) fn start(posted: &str, got: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.args(["bare", posted, got]).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().parse().unwrap() }
    }

    pub(crate) fn trees(&self) -> Trees {
        Trees(vec![self.process.id()])
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The other end of [`Bare`].
pub(crate) fn serve_bare(posted: &str, got: &str) {
    let posted: Value = serde_json::from_str(posted).unwrap();
    let got = web::Bytes::from(got.to_owned());
    let app = move || {
        let (posted, got) = (posted.clone(), got.clone());
        let post = move |json: web::Json<Value>| {
            assert!(json.is_object());
            std::future::ready(HttpResponse::Created().json(&posted))
        };
        let get = move || {
            let answer = HttpResponse::Ok().content_type("application/json").body(got.clone());
            std::future::ready(answer)
        };
        App::new().route(Bare::POST, web::post().to(post)).route(Bare::GET, web::get().to(get))
    };
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(app).bind(("127.0.0.1", 0)).unwrap();
        println!("{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}

/// `pgbench` that parks and exits in one statement each, without a queue and so without a lock of the lot.
pub(crate) struct Pgbench<'a> {
    server: &'a Postgres,
    database: String,
    script: tempfile::NamedTempFile,
    pub(crate) postgres: Trees,
}

const TABLES: &str = "
    CREATE TABLE visits (
      id bigserial PRIMARY KEY, slot integer NOT NULL, plate text NOT NULL,
      arrived_at timestamptz NOT NULL DEFAULT now(), left_at timestamptz, fee bigint);
    CREATE UNIQUE INDEX ON visits (plate) WHERE left_at IS NULL;
    CREATE TABLE slots (id integer PRIMARY KEY, visit bigint) WITH (fillfactor = 50);
    CREATE INDEX ON slots (id) WHERE visit IS NULL;
    INSERT INTO slots SELECT generate_series(1, 200)";

const VISIT: &str = "\
    WITH free AS (SELECT id FROM slots WHERE visit IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED), \
    visit AS (INSERT INTO visits (slot, plate) SELECT id, 'B ' || :client_id::int FROM free RETURNING id, slot) \
    UPDATE slots SET visit = (SELECT id FROM visit) WHERE id = (SELECT slot FROM visit) RETURNING id;
    WITH gone AS (UPDATE visits SET left_at = now(), fee = 5000 * ceil(extract(epoch FROM now() - arrived_at) / 3600) \
    WHERE plate = 'B ' || :client_id::int AND left_at IS NULL RETURNING slot, fee) \
    UPDATE slots SET visit = NULL WHERE id = (SELECT slot FROM gone) RETURNING (SELECT fee FROM gone);
";

impl<'a> Pgbench<'a> {
    /// None if it is not installed.
    pub(crate) fn prepare(server: &'a Postgres) -> Option<Self> {
        if !server.program("pgbench").is_file() {
            eprintln!("pgbench is not installed; what it would show is left out");
            return None;
        }
        let database = server.fresh_database().rsplit('/').next()?.to_owned();
        server.sql(&database, TABLES);
        server.sql(&database, "VACUUM ANALYZE");
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(script.path(), VISIT).unwrap();
        Some(Self { server, database, script, postgres: of_postgres(server) })
    }

    /// It counts whole seconds.
    pub(crate) fn run(&self, clients: usize, window: Duration) -> Figures {
        let (clients, seconds) = (clients.to_string(), window.as_secs().max(1).to_string());
        let program = self.server.program("pgbench");
        let script = self.script.path().to_string_lossy();
        let url = self.server.url(&self.database);
        let busy = self.postgres.busy();
        let said = said(
            &program.to_string_lossy(),
            &["-n", "-M", "prepared", "-c", &clients, "-T", &seconds, "-f", &script, &url],
        );
        let busy = self.postgres.busy().zip(busy).map(|(after, before)| after - before);
        let visits = said
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        let rate = 2.0 * visits.expect("pgbench says how many");
        let seconds: f64 = seconds.parse().unwrap();
        Figures { rate, cpu: busy.map(|busy| busy / (rate * seconds)), ..Figures::default() }
    }
}

/// The processes of a server.
pub(crate) fn of_postgres(server: &Postgres) -> Trees {
    let first = server.sql("postgres", r"SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)");
    Trees(first.parse().into_iter().collect())
}
