"""A program of the same build beside what is measured, without sharing its pages: PSS counts a page by its share, and in a
pod nobody else maps our executable or Swift's libraries. The release build links those dynamically."""
import os
import re
import shutil
import subprocess
import sys

from machine import read


def private_copy(program, directory):
    """Copies the executable and every library that it loads into `directory`. Returns (its path, its environment).

    Where everything is linked statically there are no libraries, and the executable's own copy is enough."""
    os.mkdir(directory)
    copy = shutil.copy(program, directory)
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    for library in re.findall(r"=> (/\S+) \(0x", listed):
        shutil.copy(library, directory)
    # Comes before the RUNPATH that the linker wrote.
    return copy, {"LD_LIBRARY_PATH": directory}


def mapped_files(pid):
    """{(device, inode): path} of the files in a process's memory."""
    found = re.findall(r"^\S+ \S+ \S+ (\S+) (\d+) +(/\S+)", read(f"/proc/{pid}/maps"), re.M)
    return {(device, inode): path for device, inode, path in found}


def check_apart(pid, ours):
    """Ends the benchmark if the process has a file in its memory that ours have, too, but for the loader (200 kB)."""
    own = mapped_files(pid)
    for other in ours:
        shared = [path for file, path in mapped_files(other).items() if file in own and "/ld-" not in path]
        if shared:
            sys.exit(f"FAIL the local broker shares memory with what is measured: {', '.join(shared)}")
