//! What the system knows of a running process: memory, processor time, sockets. Linux only;
//! elsewhere there is nothing to tell.

use std::{fs, time::Duration};

/// What a process and its children hold in memory, in bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it, shared pages shared out (PSS).
    pub all: u64,
    /// What they wrote themselves: not pages of a program file, which the system can drop.
    pub own: u64,
}

pub fn memory(id: u32) -> Option<Memory> {
    let mut sum = Memory { all: 0, own: 0 };
    for id in with_descendants(id) {
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
        let bytes = |field: &str| -> Option<u64> {
            let line = rollup.lines().find_map(|line| line.strip_prefix(field))?;
            Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
        };
        sum.all += bytes("Pss:")?;
        sum.own += bytes("Pss_Anon:")?;
    }
    Some(sum)
}

fn with_descendants(id: u32) -> Vec<u32> {
    let mut tree = vec![id];
    let children = |id: u32| -> Vec<u32> {
        let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>())
            .collect()
    };
    let mut at = 0;
    while let Some(&id) = tree.get(at) {
        tree.extend(children(id));
        at += 1;
    }
    tree
}

/// How long the threads of a process have run on a processor.
pub fn processor_time(id: u32) -> Option<Duration> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(format!("/proc/{id}/task")).ok()? {
        // Unlike `stat`, which counts in hundredths of a second, this is in nanoseconds.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        sum += Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?);
    }
    Some(sum)
}

/// How many internet sockets a process has open. Those it talks to itself by do not count.
pub fn internet_sockets(id: u32) -> Option<usize> {
    let mut known = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
        let text = fs::read_to_string(format!("/proc/{id}/net/{table}")).unwrap_or_default();
        let inodes = text.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9));
        known.extend(inodes.map(|inode| format!("socket:[{inode}]")));
    }
    let open = fs::read_dir(format!("/proc/{id}/fd")).ok()?;
    let targets = open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Some(targets.filter(|target| known.iter().any(|it| target.as_os_str() == it.as_str())).count())
}
