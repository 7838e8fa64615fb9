//! What belongs to a file beside its bytes and its name: owner, permissions, extended attributes.

use std::{fs::File, io};

/// Gives a new file what the old one has. Whether all of it could be given: only root may give
/// files away, and not every attribute may be set by everybody.
#[cfg(unix)]
pub(super) fn take_after(old: &File, new: &File) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (wanted, had) = (old.metadata()?, new.metadata()?);
    if (had.uid(), had.gid()) != (wanted.uid(), wanted.gid())
        && fchown(new, Some(wanted.uid()), Some(wanted.gid())).is_err()
    {
        return Ok(false);
    }
    if !copy_extended(old, new) {
        return Ok(false);
    }
    // After the owner: changing that takes bits away.
    new.set_permissions(wanted.permissions())?;
    Ok(true)
}

#[cfg(not(unix))]
pub(super) fn take_after(old: &File, new: &File) -> io::Result<bool> {
    new.set_permissions(old.metadata()?.permissions())?;
    Ok(true)
}

/// How many names a file has.
#[cfg(unix)]
pub(super) fn links(file: &File) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink())
}

#[cfg(not(unix))]
pub(super) fn links(_: &File) -> io::Result<u64> {
    Ok(1)
}

/// Whether the new file has every extended attribute of the old one now, access lists among them.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn copy_extended(old: &File, new: &File) -> bool {
    use rustix::{
        fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr},
        io::Errno,
    };
    // The most that Linux has for the names of a file, and for the value of one.
    const MOST: usize = 64 * 1024;
    let mut names = vec![0; MOST];
    let names = match flistxattr(old, names.as_mut_slice()) {
        Ok(length) => &names[..length],
        // A file system without such attributes.
        Err(error) => return error == Errno::NOTSUP,
    };
    let (mut wanted, mut had) = (Vec::new(), Vec::new());
    for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        wanted.resize(MOST, 0);
        had.resize(MOST, 0);
        let Ok(length) = fgetxattr(old, name, wanted.as_mut_slice()) else { return false };
        wanted.truncate(length);
        let length = fgetxattr(new, name, had.as_mut_slice()).unwrap_or_default();
        had.truncate(length);
        if wanted != had && fsetxattr(new, name, &wanted, XattrFlags::empty()).is_err() {
            return false;
        }
    }
    true
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "macos"))))]
fn copy_extended(_: &File, _: &File) -> bool {
    true
}
