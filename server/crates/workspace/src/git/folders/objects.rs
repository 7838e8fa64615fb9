//! Git in the repository of our own for one folder.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use engine::NotKept;
use protocol::AbsPath;
use tempfile::TempDir;

use super::{LIMITS, failed, listing::Listing, names, told};
use crate::{git::running, hash};

/// Git's mode of a link.
pub(super) const LINK: &str = "120000";

/// Git's mode of a commit of another repository: our mark for what is not kept.
pub(super) const MARK: &str = "160000";

/// The name of no object.
const NOTHING: &str = "0000000000000000000000000000000000000000";

/// How long what was kept is kept at least, as git has it.
const EXPIRY: &str = "--expire=30.days.ago";

/// The same for a folder of which nothing was kept since.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often what is older is looked for.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The file that was written when that was done last.
const SWEPT: &str = "swept";

/// How the folders of single runs begin.
const RUN: &str = "run-";

/// The name of the index in the repository, and in the folder of one run.
const INDEX: &str = "index";

/// Git's files beside a folder. Each run has an index of its own, which takes the place of the
/// one before only when all is done: nothing waits for a lock, and none is left behind.
pub(super) struct Objects<'a> {
    root: &'a AbsPath,
    repository: AbsPath,
    run: TempDir,
}

/// A difference between two states of a folder.
pub(super) struct Difference {
    /// Relative to the folder.
    pub(super) path: String,
    /// Git's letter for it.
    pub(super) status: char,
    /// Mode and object before.
    pub(super) before: (String, String),
    /// Mode and object after.
    pub(super) after: (String, String),
}

impl<'a> Objects<'a> {
    /// The repository of a folder below `place`; it is made if it is missing.
    pub(super) async fn of(root: &'a AbsPath, place: &AbsPath) -> Result<Self, NotKept> {
        let name: String = hash::of_str(root.as_str()).chars().take(16).collect();
        let repository = place.join(&name).map_err(failed)?;
        create_folder(repository.as_std_path()).map_err(failed)?;
        let run = tempfile::Builder::new().prefix(RUN).tempdir_in(repository.as_std_path());
        let objects = Self { root, repository, run: run.map_err(failed)? };
        // Written last, so that a repository which was made by half is made again.
        let attributes = objects.file("info/attributes");
        if !attributes.exists() {
            objects.make().await.map_err(|error| match error {
                NotKept::NoGit => NotKept::NoGit,
                error => failed(error),
            })?;
            let unchanged = "* -text -eol -ident -filter !working-tree-encoding\n";
            fs::write(attributes, unchanged).map_err(failed)?;
        }
        objects.take_index().map_err(failed)?;
        Ok(objects)
    }

    /// Takes the index of the last run, if there was one, as old as it is: git reads files again
    /// that may have changed in the instant in which it was written.
    fn take_index(&self) -> io::Result<()> {
        let Ok(last) = fs::File::open(self.file(INDEX)) else { return Ok(()) };
        let written = last.metadata()?.modified()?;
        let mut copy = fs::File::create(self.run.path().join(INDEX))?;
        io::copy(&mut &last, &mut copy)?;
        copy.set_modified(written)
    }

    async fn make(&self) -> Result<(), NotKept> {
        self.git(&["init", "--quiet", "--template=", "--object-format=sha1"], &[]).await?;
        fs::create_dir_all(self.file("info")).map_err(failed)?;
        fs::write(self.file(SWEPT), "").map_err(failed)?;
        // Where the user's repository has its objects, if it is of the same kind.
        let mut command = running::git(self.root.as_std_path(), []);
        command.args(["rev-parse", "--show-object-format", "--git-path", "objects"]);
        let said = running::run(command, &[], LIMITS).await.map_err(told)?;
        let said = String::from_utf8(said.out).unwrap_or_default();
        if let Some(path) = said.strip_prefix("sha1\n") {
            let path = self.root.join(path.trim_end_matches('\n')).map_err(failed)?;
            let alternates = self.file("objects/info/alternates");
            fs::create_dir_all(self.file("objects/info")).map_err(failed)?;
            fs::write(alternates, format!("{path}\n")).map_err(failed)?;
        }
        Ok(())
    }

    /// Forgets which files are known.
    pub(super) fn forget(&self) {
        // If that fails, what comes next fails as it did before.
        let _ = fs::remove_file(self.run.path().join(INDEX));
    }

    /// The names in the index.
    pub(super) async fn indexed(&self) -> Result<Vec<String>, NotKept> {
        Ok(names(&self.git(&["ls-files", "-z"], &[]).await?))
    }

    /// Keeps what is listed. `before` are the names in the index.
    pub(super) async fn tree_of(
        &self,
        listing: &Listing,
        before: &[String],
    ) -> Result<String, NotKept> {
        let mut lines = String::new();
        for name in before.iter().filter(|name| !listing.kept.contains(*name)) {
            lines += &format!("0 {NOTHING}\t{name}\0");
        }
        for (name, mark) in &listing.marks {
            lines += &format!("{MARK} {mark}\t{name}\0");
        }
        if !lines.is_empty() {
            let replace = ["update-index", "-z", "--replace", "--index-info"];
            self.git(&replace, lines.as_bytes()).await?;
        }
        let files: String = listing.kept.iter().flat_map(|name| [name, "\0"]).collect();
        let add = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"];
        self.git(&add, files.as_bytes()).await?;
        let tree = self.git(&["write-tree"], &[]).await?;
        fs::rename(self.run.path().join(INDEX), self.file(INDEX)).map_err(failed)?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        self.renew(&tree).map_err(failed)?;
        Ok(tree)
    }

    /// Begins the time anew for which a tree is kept, and with it all that is in it.
    fn renew(&self, tree: &str) -> io::Result<()> {
        let (folder, name) = tree.split_at_checked(2).unwrap_or_default();
        match fs::File::open(self.file("objects").join(folder).join(name)) {
            Ok(object) => object.set_modified(SystemTime::now()),
            // The user's repository has it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Once a day, takes away what was kept long ago and what a run has left that was killed.
    pub(super) async fn sweep(&self) -> Result<(), NotKept> {
        let is_old = |path: &Path| {
            let age = path.metadata().and_then(|it| it.modified()).map(|it| it.elapsed());
            age.is_ok_and(|age| age.is_ok_and(|age| age > DAY))
        };
        if !is_old(&self.file(SWEPT)) {
            return Ok(());
        }
        fs::write(self.file(SWEPT), " ").map_err(failed)?;
        for entry in fs::read_dir(self.repository.as_std_path()).map_err(failed)?.flatten() {
            let is_run = entry.file_name().to_str().is_some_and(|name| name.starts_with(RUN));
            if is_run && is_old(&entry.path()) {
                fs::remove_dir_all(entry.path()).map_err(failed)?;
            }
        }
        self.git(&["prune", EXPIRY], &[]).await.map(drop)
    }

    /// How two states differ.
    pub(super) async fn differences(
        &self,
        before: &str,
        after: &str,
    ) -> Result<Vec<Difference>, NotKept> {
        self.git(&["cat-file", "-e", &format!("{before}^{{tree}}")], &[])
            .await
            .map_err(|_| NotKept::Gone)?;
        let raw = self.git(&["diff-tree", "-r", "-z", "--no-renames", before, after], &[]).await?;
        let raw = names(&raw);
        let (pairs, _) = raw.as_chunks::<2>();
        Ok(pairs.iter().filter_map(|[line, path]| difference(line, path)).collect())
    }

    /// The name of a file or link in a tree; none if it has none of this path.
    pub(super) async fn object_of(
        &self,
        tree: &str,
        path: &str,
    ) -> Result<Option<String>, NotKept> {
        let listed = self.git(&["ls-tree", "-z", "--full-tree", tree, "--", path], &[]).await;
        let listed = names(&listed.map_err(|_| NotKept::Gone)?);
        // `100644 blob <object>`, a tabulator and the path.
        let fields = listed.first().and_then(|line| line.split_once('\t'));
        let mut fields = fields.map(|(fields, _)| fields.split(' ')).into_iter().flatten().skip(1);
        Ok(match (fields.next(), fields.next()) {
            (Some("blob"), Some(object)) => Some(object.to_owned()),
            _ => None,
        })
    }

    /// The bytes of a file as it was.
    pub(super) async fn blob(&self, object: &str) -> Result<Vec<u8>, NotKept> {
        self.git(&["cat-file", "blob", object], &[]).await.map_err(|_| NotKept::Gone)
    }

    async fn git(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, NotKept> {
        let settings = [
            ("core.autocrlf", "false"),
            ("core.looseCompression", "1"),
            ("core.protectNTFS", "false"),
            // Not those of other repositories below.
            ("core.excludesFile", "/dev/null"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut command = running::git(self.root.as_std_path(), settings);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_DIR", self.repository.as_std_path());
        command.env("GIT_WORK_TREE", self.root.as_std_path());
        command.env("GIT_INDEX_FILE", self.run.path().join(INDEX));
        command.args(arguments);
        let output = running::run(command, input, LIMITS).await.map_err(told)?;
        if output.is_cut || !output.success {
            return Err(NotKept::Failed(output.err));
        }
        Ok(output.out)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.repository.as_std_path().join(name)
    }
}

/// Takes away what was kept long ago of any folder; gives how many bytes that was.
pub(super) async fn sweep_all(place: &AbsPath) -> io::Result<u64> {
    let entries = match fs::read_dir(place.as_std_path()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut freed = 0;
    for repository in entries.flatten().map(|entry| entry.path()) {
        let before = size(&repository)?;
        let used = repository.join(INDEX).metadata().and_then(|it| it.modified());
        let is_old = used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > KEPT));
        if is_old {
            fs::remove_dir_all(&repository)?;
        } else {
            let mut command = running::git(&repository, []);
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
            command.env("GIT_DIR", &repository).args(["prune", EXPIRY]);
            running::run(command, &[], LIMITS).await?;
        }
        freed += before.saturating_sub(size(&repository)?);
    }
    Ok(freed)
}

/// How many bytes the files in a folder have; none if there is no such folder.
fn size(folder: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

/// A line as `:100644 100755 <object> <object> M`.
fn difference(line: &str, path: &str) -> Option<Difference> {
    let mut parts = line.strip_prefix(':')?.split(' ').map(str::to_owned);
    let (mode, mode_after) = (parts.next()?, parts.next()?);
    let (before, after) = ((mode, parts.next()?), (mode_after, parts.next()?));
    let status = parts.next()?.chars().next()?;
    Some(Difference { path: path.to_owned(), status, before, after })
}

/// Makes a folder that is nobody else's business.
fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
