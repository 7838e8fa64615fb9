"""Fetches published versions of packages, through the clients of their registries.

Which registry that is, the clients are configured for; nothing here knows one. Nothing that is
fetched is kept in the repository.
"""

import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

# Versions that follow each other, oldest first.
PACKAGES = {
    "npm": {
        "express": ["5.0.1", "5.1.0", "5.2.0"],
        "axios": ["1.14.0", "1.15.0", "1.15.1", "1.15.2", "1.16.0"],
        "commander": ["11.1.0", "12.0.0", "12.1.0", "13.0.0", "13.1.0", "14.0.0"],
    },
    "pip": {
        "requests": ["2.30.0", "2.31.0", "2.32.2", "2.32.3", "2.32.4"],
        "flask": ["2.3.3", "3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.1.0"],
        "rich": ["13.7.1", "13.8.0", "13.8.1", "13.9.1", "13.9.2"],
        "click": ["8.1.7", "8.1.8", "8.2.0", "8.2.1"],
    },
    "cargo": {
        "anyhow": ["1.0.86", "1.0.87", "1.0.88", "1.0.89", "1.0.90"],
        "serde_json": ["1.0.128", "1.0.129", "1.0.130", "1.0.131", "1.0.132"],
        "regex-automata": ["0.4.5", "0.4.6", "0.4.7", "0.4.8"],
        "semver": ["1.0.23", "1.0.24", "1.0.25", "1.0.26"],
    },
}

ENDINGS = (".js", ".cjs", ".mjs", ".ts", ".py", ".rs", ".md", ".toml")
LARGEST = 120_000


def versions(kept):
    """Yields the name of each package with the files of its versions in order.

    They are fetched once for a folder `kept`.
    """
    (kept / "packages").mkdir(parents=True, exist_ok=True)
    for client, packages in PACKAGES.items():
        for name, numbers in packages.items():
            file = kept / "packages" / f"{name}.json"
            if not file.exists():
                file.write_text(json.dumps(list(fetched(client, name, numbers))))
                print(f"{name}: {len(numbers)} versions", file=sys.stderr)
            yield name, json.loads(file.read_text())


def fetched(client, name, numbers):
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            yield dict(FETCH[client](name, number, Path(folder)))


def npm(name, number, folder):
    run(["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{number}"], folder)
    return archived(next(folder.glob("*.tgz")))


def pip(name, number, folder):
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    run([sys.executable, "-m", "pip", "download", *quiet, f"{name}=={number}"], folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        for entry in wheel.namelist():
            yield from decoded(entry, wheel.read(entry))


def cargo(name, number, folder):
    manifest = f"""
        [package]
        name = "fetch"
        version = "0.0.0"
        edition = "2021"
        [lib]
        path = "lib.rs"
        [dependencies]
        {name} = {{ version = "={number}", default-features = false }}
        """
    (folder / "Cargo.toml").write_text(manifest)
    (folder / "lib.rs").write_text("")
    run(["cargo", "vendor", "--quiet", "--versioned-dirs", "vendor"], folder)
    root = folder / "vendor" / f"{name}-{number}"
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield from decoded(str(path.relative_to(root)), path.read_bytes())


FETCH = {"npm": npm, "pip": pip, "cargo": cargo}


def archived(path):
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
        for entry in archive.getmembers():
            if entry.isfile():
                name = entry.name.split("/", 1)[-1]
                yield from decoded(name, archive.extractfile(entry).read())


def decoded(name, data):
    """The file if it is text that people write."""
    written = name.endswith(ENDINGS) and not name.startswith("dist/") and ".min." not in name
    if written and len(data) <= LARGEST:
        try:
            yield name, data.decode("utf-8")
        except UnicodeDecodeError:
            pass


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
