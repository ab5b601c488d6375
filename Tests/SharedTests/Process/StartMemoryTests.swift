import Glibc
import TestSupport
import Testing

@testable import Shared

@Suite struct StartMemoryTests {
    @Test func `pages that only the start needed are given back, and everything still works`() throws {
        let process = try TestChildProcess(BuiltProducts.testDouble("StateExerciser"), ["released-pages"])
        let (exit, output) = try process.wait(within: .seconds(60))
        #expect(exit == .code(0))
        let pages = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        try #require(pages.count == 2, "\(output)")
        #expect(pages[1] < pages[0] / 2, "\(output)")
    }

    @Test func `once, and not before the start is over`() throws {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        var memory = StartMemory(now: start)
        let released = [4, 5, 6].map { memory.release(now: start + .seconds($0)) }
        #expect(released == [false, true, false])
    }

    #if arch(x86_64)
    /// Whoever preloads something that the dynamic linker has to write into, or that moves text into other pages: what is
    /// there is not the file's any more.
    @Test func `text that is no longer the file's stays`() throws {
        let compilers = ["/usr/bin/cc", "/usr/bin/clang", "/usr/bin/gcc"]
        guard let compiler = compilers.first(where: { access($0, X_OK) == 0 }) else {
            print("skipped: there is no C compiler")
            return
        }
        let directory = try TemporaryDirectory()
        let path = { (name: String) in "\(directory.path)/\(name)" }
        // Room on both sides, so that the instruction lies in a page of its own.
        let library =
            ".text\n.skip 20000\n.globl number\n.type number,@function\nnumber: movabs $value, %rax\nmovl (%rax), %eax\nret\n"
            + ".skip 20000\n.data\n.globl value\nvalue: .long 42\n.section .note.GNU-stack,\"\",@progbits\n"
        try directory.write("library.s", library)
        try directory.write(
            "main.c",
            """
            #define _GNU_SOURCE
            #include "CLinux.h"
            #include <string.h>
            #include <sys/mman.h>
            int number(void);
            int main(void) {
                int before = number();
                clinux_release_start_memory();
                if (before != 42 || number() != 42) return 1;
                static char copy[8192];
                char *text = (char *)((uintptr_t)number & ~(uintptr_t)4095);
                memcpy(copy, text, sizeof copy);
                int all = PROT_READ | PROT_WRITE | PROT_EXEC, fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
                if (mmap(text, sizeof copy, all, fixed, -1, 0) != text) return 2;
                memcpy(text, copy, sizeof copy);
                clinux_release_start_memory();
                return number() == 42 ? 0 : 3;
            }

            """
        )
        let sources = "\(RepositoryFile.root)/Sources/Shared/CLinux"
        for arguments in [
            ["-shared", "-Wl,-z,notext", "-o", path("libnumber.so"), path("library.s")],
            [
                "-I\(sources)/include", "-o", path("main"), path("main.c"), "\(sources)/memory.c",
                "-L\(directory.path)", "-lnumber", "-Wl,-rpath,\(directory.path)",
            ],
        ] {
            let run = try TestChildProcess(compiler, arguments)
            let (exit, output) = try run.wait(within: .seconds(60))
            try #require(exit == .code(0), "\(output)")
        }
        let main = try TestChildProcess(path("main"))
        #expect(try main.wait(within: .seconds(20)).exit == .code(0))
    }
    #endif
}
