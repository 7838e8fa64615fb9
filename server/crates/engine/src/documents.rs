//! The seam to texts: editor buffers over files on disk. Everything that reads, reads here.

use async_trait::async_trait;
use protocol::{AbsPath, ErrorCode, ErrorInfo, Replacement, Stamp, SyntaxError};
use ropey::Rope;
use tokio::sync::watch;

/// Names a client connection in this process. Buffers belong to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Where editors' documents are that have no file yet: `/untitled:/Untitled-1`. A path below it is
/// a name and nothing else; whatever is on disk there is never looked at.
pub const UNTITLED: &str = "/untitled:";

/// A text at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The file, resolved.
    pub path: AbsPath,
    /// The text.
    pub text: Rope,
    /// Which state of the document it is.
    pub stamp: Stamp,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file on disk; it is open in no editor.
    Disk,
    /// An editor's buffer, unsaved changes included.
    Buffer {
        /// The editor's connection.
        connection: ConnectionId,
        /// The editor's own version of it.
        version: i32,
    },
}

/// The texts the agent sees.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Follows every link on the way to `path`; a part that does not exist yet stays as it is.
    ///
    /// # Errors
    /// The path cannot be followed: a loop, a name too long, a folder that may not be read.
    async fn resolve(&self, path: &AbsPath) -> Result<AbsPath, DocumentError>;

    /// The text of a resolved path as it is now.
    ///
    /// # Errors
    /// There is no such file, it has no text that can be read, or the path is not resolved.
    async fn snapshot(&self, path: &AbsPath) -> Result<Snapshot, DocumentError>;

    /// The same for many, in their order: quicker than one after the other.
    async fn snapshots(&self, paths: &[AbsPath]) -> Vec<Result<Snapshot, DocumentError>>;

    /// The text of a document that an editor has open, without a look at the disk; none if it is
    /// open nowhere.
    async fn buffer(&self, path: &AbsPath) -> Option<Snapshot>;

    /// Writes a file that is open in no editor: whole or not at all, keeping its permissions.
    /// `expected` is the hash the file must still have; none if it must not exist yet.
    ///
    /// # Errors
    /// The file is not as expected, is open in an editor or read-only, the path is not
    /// resolved, or the file system refused.
    async fn write(
        &self,
        path: &AbsPath,
        expected: Option<&str>,
        text: &str,
    ) -> Result<Stamp, DocumentError>;

    /// Deletes a file. An editor that has it open without unsaved changes is no obstacle, and
    /// neither is one that shows no text at all of it.
    ///
    /// # Errors
    /// The file's text does not have the hash `expected`, an editor has unsaved changes of it, the
    /// path is not resolved, or the file system refused.
    async fn remove(&self, path: &AbsPath, expected: &str) -> Result<(), DocumentError>;

    /// Moves a file; the folders on the way to `to` are made. Nothing is overwritten.
    ///
    /// # Errors
    /// As for [`Documents::remove`]; or there is something at `to`.
    async fn rename(
        &self,
        from: &AbsPath,
        to: &AbsPath,
        expected: &str,
    ) -> Result<(), DocumentError>;

    /// The bytes of a file on disk, text or not; none if there is none.
    ///
    /// # Errors
    /// It is no file, is larger than a document may be, or the path is not resolved.
    async fn file(&self, path: &AbsPath) -> Result<Option<FileBytes>, DocumentError>;

    /// Gives a file bytes that it had, or takes it away, whatever it is now.
    ///
    /// # Errors
    /// An editor has unsaved changes of it, the path is not resolved, or the file system refused.
    async fn put_back(&self, path: &AbsPath, bytes: Option<FileBytes>)
    -> Result<(), DocumentError>;

    /// What is in a folder, in alphabetical order.
    ///
    /// # Errors
    /// There is no such folder, or it may not be read.
    async fn list(&self, folder: &AbsPath) -> Result<Vec<Entry>, DocumentError>;

    /// Some lines of a text, however big its file is: what does not fit a document is read in
    /// part.
    ///
    /// # Errors
    /// As for [`Documents::snapshot`], but for the size.
    async fn excerpt(&self, path: &AbsPath, part: Part) -> Result<Excerpt, DocumentError>;

    /// The documents that an editor shows otherwise than the disk has them, in no order.
    async fn unsaved(&self) -> Vec<AbsPath>;

    /// Whether no editor shows a document otherwise than the disk has it.
    async fn is_saved(&self, path: &AbsPath) -> bool;

    /// Faults in the syntax of `after` that `before` does not have; none where the language is
    /// not known.
    async fn syntax_errors(
        &self,
        path: &AbsPath,
        before: Option<&str>,
        after: &str,
    ) -> Vec<SyntaxError>;

    /// The files and folders below `root` whose path matches what a user typed, the likeliest
    /// first, at most `limit`. What ignore files leave out is left out.
    async fn find_paths(&self, root: &AbsPath, typed: &str, limit: usize) -> Vec<Entry>;

    /// Where symbols of this name are defined below `root`, at most `limit`: `pop`, `Stack.pop`.
    async fn find_symbols(&self, root: &AbsPath, name: &str, limit: usize) -> Vec<FoundSymbol>;

    /// What a document defines, in its order, a line each: `12-40 fn pop`; what is in something
    /// else is indented. Nothing where the language is not known.
    async fn outline(&self, path: &AbsPath) -> Vec<String>;

    /// The changes below `root` since the last commit as a unified diff, with unsaved text in
    /// place of what is on disk; none if it is in no repository.
    ///
    /// # Errors
    /// Git failed.
    async fn diff(&self, root: &AbsPath) -> Result<Option<String>, DocumentError>;

    /// The text of a file in git's last commit; none if it is not there, or is no text.
    async fn committed(&self, path: &AbsPath) -> Option<CommittedText>;

    /// Keeps all of a folder as it is on disk, but for what ignore files leave out, to tell later
    /// what became of it and to put it back.
    ///
    /// # Errors
    /// Says why it is not kept.
    async fn keep_folder(&self, root: &AbsPath) -> Result<KeptFolder, NotKept>;

    /// What became of a folder since it was kept, by path.
    ///
    /// # Errors
    /// Says why that cannot be told.
    async fn folder_changes(
        &self,
        root: &AbsPath,
        kept: &str,
    ) -> Result<Vec<FolderChange>, NotKept>;

    /// Puts files back as they were when the folder was kept; those that are as they were are
    /// passed over. `found` is the folder as it was kept just before this: what a file says that
    /// it does not have is not overwritten. Gives the files that were not put back, and why.
    ///
    /// # Errors
    /// Says why nothing was put back.
    async fn restore_folder(
        &self,
        root: &AbsPath,
        kept: &str,
        found: &str,
        paths: &[AbsPath],
    ) -> Result<Vec<(AbsPath, DocumentError)>, NotKept>;

    /// The bytes that a file had when the folder was kept; none if there was no such file, or if
    /// it was not kept.
    ///
    /// # Errors
    /// Says why that cannot be told.
    async fn file_of_folder(
        &self,
        root: &AbsPath,
        kept: &str,
        path: &AbsPath,
    ) -> Result<Option<Vec<u8>>, NotKept>;

    /// How a document came from one revision to a later one, step by step, each counting bytes in
    /// the text that the one before left. None if it is not known any more, or if it was changed
    /// by something that does not tell how.
    fn edits_between(&self, path: &AbsPath, from: u64, to: u64) -> Option<Vec<Vec<Replacement>>>;

    /// The revision of a document as it was last seen, without a look at the disk; none if nobody
    /// has seen it.
    fn revision(&self, path: &AbsPath) -> Option<u64>;

    /// The documents that have another revision than when the revisions of all together were so
    /// many, and how many they are now; as they were last seen, without a look at the disk.
    fn changed_since(&self, count: u64) -> (u64, Vec<AbsPath>);

    /// Ticks whenever any document changed. Subscribe before looking, and no change is missed.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A text as a commit has it.
#[derive(Clone, Debug)]
pub struct CommittedText {
    /// What git calls it: the same name is the same text.
    pub id: String,
    /// The text.
    pub text: Rope,
}

/// A file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is. Not resolved: it may be a link.
    pub path: AbsPath,
    /// Whether it is a folder; a link to one is.
    pub is_folder: bool,
    /// Its size in bytes; 0 for a folder.
    pub bytes: u64,
}

/// A file as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBytes {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Who may read, write and run it, as the bits of Unix; none where a system has none.
    pub permissions: Option<u32>,
}

/// A folder as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFolder {
    /// By what it is found again.
    pub id: String,
    /// How many files are not kept, because they are too big or may not be read.
    pub left_out: usize,
}

/// What became of a file of a kept folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderChange {
    /// The file. Not resolved: it may be a link.
    pub path: AbsPath,
    /// What became of it.
    pub became: Became,
    /// Whether it can be put back as it was; what was left out cannot.
    pub restorable: bool,
}

/// How a file is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was not there.
    Created,
    /// It was another.
    Changed,
    /// It is not there any more.
    Removed,
}

/// Why a folder is not kept, or what was kept cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// There is no place to keep it.
    #[error("there is no place to keep folders in")]
    NoPlace,
    /// Git is what keeps it.
    #[error("git is not installed")]
    NoGit,
    /// It has too many files.
    #[error("the folder has more than {0} files")]
    TooManyFiles(usize),
    /// Its files are too big.
    #[error("the folder has more than {0} bytes")]
    TooBig(u64),
    /// It took too long.
    #[error("it took longer than {0} seconds")]
    TooSlow(u64),
    /// It is not kept any more, or never was.
    #[error("the folder as it was then is not kept any more")]
    Gone,
    /// Git or the file system failed.
    #[error("{0}")]
    Failed(String),
}

/// Which lines of a text are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first line, counted from 1.
    pub first_line: u64,
    /// The most lines.
    pub lines: usize,
    /// The most bytes of text; a line that would go beyond is cut.
    pub bytes: usize,
}

/// Some lines of a text.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The file, resolved.
    pub path: AbsPath,
    /// The lines, with their line breaks.
    pub text: String,
    /// The first of them, counted from 1.
    pub first_line: u64,
    /// How many lines there are in `text`.
    pub lines: u64,
    /// How many lines the whole text has; none where it was too big to count them.
    pub total_lines: Option<u64>,
    /// How many bytes the whole text has.
    pub total_bytes: u64,
    /// What the file is encoded in: `UTF-8`, `UTF-16LE`, `windows-1252`.
    pub encoding: &'static str,
    /// The whole document, where it is small enough to be one.
    pub document: Option<Snapshot>,
}

/// Where a symbol is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSymbol {
    /// The file, resolved.
    pub path: AbsPath,
    /// The symbol with what encloses it: `impl Stack > fn pop`.
    pub symbol: String,
    /// Its first line, counted from 1.
    pub first_line: u32,
    /// Its last line, counted from 1.
    pub last_line: u32,
    /// Its text, unsaved changes included.
    pub text: String,
}

/// Why a document cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It does not exist.
    #[error("there is no file `{0}`")]
    NotFound(AbsPath),
    /// It is a folder, a device or a pipe.
    #[error("`{0}` is not a file with text")]
    NotAFile(AbsPath),
    /// It is not text, or in an encoding whose bytes could not be kept.
    #[error("`{0}` is not text in an encoding that Coworker can keep byte for byte")]
    NotUtf8(AbsPath),
    /// The new text has a character that the encoding of the file does not have.
    #[error("`{path}` is {encoding}, which has no `{character}`; write it another way")]
    NotEncodable {
        /// The file.
        path: AbsPath,
        /// Its encoding.
        encoding: &'static str,
        /// The character.
        character: char,
    },
    /// It exists, and must not.
    #[error("`{0}` exists already")]
    Exists(AbsPath),
    /// An editor shows text that is not saved and would be lost.
    #[error("`{0}` has unsaved changes in an editor")]
    Unsaved(AbsPath),
    /// It is larger than Coworker reads.
    #[error("`{path}` has {bytes} bytes; beyond {limit} it can only be read in part")]
    TooBig {
        /// The file.
        path: AbsPath,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// It is not, or no longer, as the caller expected.
    #[error("`{0}` has changed since it was read")]
    Stale(AbsPath),
    /// It is open in an editor, so only that editor may change it.
    #[error("`{0}` is open in an editor")]
    OpenInEditor(AbsPath),
    /// It was not kept, so that it cannot be put back.
    #[error("`{0}` was left out when its folder was kept")]
    NotKept(AbsPath),
    /// It is a document of an editor that has no file yet.
    #[error("`{0}` has no file yet; save it in the editor first")]
    Untitled(AbsPath),
    /// The path cannot be followed.
    #[error("the path `{path}` cannot be resolved: {source}")]
    Unresolvable {
        /// The path.
        path: AbsPath,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system refused.
    #[error("cannot access `{path}`: {source}")]
    Io {
        /// The file.
        path: AbsPath,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DocumentError {
    /// The stable code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(_) | Self::NotKept(_) => ErrorCode::DocumentNotFound,
            Self::NotAFile(_) | Self::Untitled(_) => ErrorCode::NotAFile,
            Self::NotUtf8(_) => ErrorCode::NotUtf8,
            Self::NotEncodable { .. } => ErrorCode::NotEncodable,
            Self::Exists(_) => ErrorCode::AlreadyExists,
            Self::Unsaved(_) => ErrorCode::Unsaved,
            Self::TooBig { .. } => ErrorCode::DocumentTooBig,
            Self::Stale(_) | Self::OpenInEditor(_) => ErrorCode::EditStale,
            Self::Unresolvable { .. } => ErrorCode::BadPath,
            Self::Io { .. } => ErrorCode::FileSystem,
        }
    }
}

impl From<DocumentError> for ErrorInfo {
    fn from(error: DocumentError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
