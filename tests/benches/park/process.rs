//! What processes use, as Linux tells; nothing elsewhere.

use std::{collections::HashMap, fs, path::Path, process::Command, sync::LazyLock, time::Duration};

/// Processes with all that they have started.
#[derive(Clone, Default)]
pub(crate) struct Trees(pub(crate) Vec<u32>);

impl Trees {
    /// Processor time since they began, in microseconds. None if one of them cannot be seen.
    pub(crate) fn busy(&self) -> Option<f64> {
        let all = all();
        if !self.0.iter().all(|root| all.contains_key(root)) {
            return None;
        }
        let mut counted = self.0.clone();
        let mut next = 0;
        while let Some(parent) = counted.get(next).copied() {
            counted.extend(all.iter().filter(|(_, one)| one.parent == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        let ticks: u32 = counted.iter().filter_map(|pid| all.get(pid)).map(|one| one.ticks).sum();
        Some(f64::from(ticks) * *MICROS_A_TICK)
    }
}

/// Waits until the processes have come to rest, as far as they do.
pub(crate) fn rest(trees: &Trees) {
    const MOMENT: Duration = Duration::from_millis(200);
    for _ in 0..100 {
        let before = trees.busy();
        std::thread::sleep(MOMENT);
        let busy = trees.busy().zip(before).map_or(0.0, |(after, before)| after - before);
        if busy < MOMENT.as_secs_f64() * 200_000.0 {
            return;
        }
    }
}

struct Process {
    parent: u32,
    /// Of itself, and of those it has started that have ended.
    ticks: u32,
}

static MICROS_A_TICK: LazyLock<f64> = LazyLock::new(|| {
    let ticks = said("getconf", &["CLK_TCK"]).parse::<f64>();
    1_000_000.0 / ticks.unwrap_or(100.0)
});

fn all() -> HashMap<u32, Process> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, process(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

/// Reads what stands behind the name, which may hold blanks.
fn process(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u32>().ok()).sum();
    Some(Process { parent: fields.get(1)?.parse().ok()?, ticks })
}

/// Memory that a process holds, in kB.
pub(crate) fn resident(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Processor time of the thread of this process that has this name, in microseconds.
pub(crate) fn thread_busy(name: &str) -> Option<f64> {
    let mut threads = fs::read_dir("/proc/self/task").ok()?.flatten().map(|thread| thread.path());
    let is_it = |found: String| found.trim() == name;
    let thread = threads.find(|thread| fs::read_to_string(thread.join("comm")).is_ok_and(is_it))?;
    scheduled(&thread)
}

/// Processor time of the calling thread, in microseconds.
pub(crate) fn own_busy() -> Option<f64> {
    scheduled(Path::new("/proc/thread-self"))
}

fn scheduled(thread: &Path) -> Option<f64> {
    let nanos: f64 = fs::read_to_string(thread.join("schedstat")).ok()?.split(' ').next()?.parse().ok()?;
    Some(nanos / 1000.0)
}

/// What a program of the system says; empty if it is not there.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let said = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    said.unwrap_or_default().trim().to_owned()
}

/// When, what and where: a line above results.
pub(crate) fn circumstances() -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    let date = said("date", &["-u", "+%F"]);
    let commit = said("git", &["-C", folder, "describe", "--always", "--dirty", "--exclude=*"]);
    let of = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
        line.trim_start_matches([':', ' ', '\t']).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = of("/proc/cpuinfo", "model name");
    let memory =
        of("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_048_576.0;
    let system = said("uname", &["-sr"]);
    format!("{date}, commit {commit}, {cores} x {model}, {memory:.0} GB, {system}.")
}
