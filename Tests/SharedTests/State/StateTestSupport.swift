import CLinux
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Shared

/// A state directory of its own for each test, removed at the end.
final class ScratchDirectory {
    private let directory: TemporaryDirectory
    var path: String { directory.path }

    init() throws { directory = try TemporaryDirectory() }

    var state: StateDirectory {
        get throws { try StateDirectory(resolved: path) }
    }

    var statePath: String { path + "/state.json" }

    /// Names of files set aside.
    var corruptFiles: [String] {
        DirectoryListing.names(in: path).filter { $0.hasPrefix("state.json.corrupt-") }
    }

    func bytes(_ name: String = "state.json") throws -> [UInt8] {
        let file = try FileDescriptor(opening: path + "/" + name, flags: O_RDONLY)
        return try #require(try readAll(file, limit: 64 << 20, subject: name))
    }

    /// Writes into the existing file, or a new one, in place.
    func overwrite(_ bytes: [UInt8], at offset: Int = 0, _ name: String = "state.json") throws {
        let file = try FileDescriptor(opening: path + "/" + name, flags: O_WRONLY | O_CREAT)
        try #require(pwrite(file.number, bytes, bytes.count, off_t(offset)) == bytes.count)
    }

    func truncateState(to size: Int) throws { try #require(truncate(statePath, off_t(size)) == 0) }
}

/// A `StateExerciser` process with a pipe from its output.
struct Exerciser {
    let pid: pid_t
    private let output: Int32
    private let input: Int32

    /// - Parameter wrapper: A program and arguments that run the exerciser, for example ``OtherUser/wrapper``.
    init(_ arguments: [String], wrapper: [String] = []) throws {
        let executable = try #require(Self.executable)
        var out: [Int32] = [0, 0]
        var into: [Int32] = [0, 0]
        try #require(clinux_pipe(&out, false) == 0 && clinux_pipe(&into, false) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, into[0], 0)
        posix_spawn_file_actions_adddup2(&actions, out[1], 1)
        let words = wrapper + [executable] + arguments
        var pointers = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child = pid_t()
        try #require(posix_spawnp(&child, words[0], &actions, nil, &pointers, environ) == 0)
        close(out[1])
        close(into[0])
        pid = child
        output = out[0]
        input = into[1]
    }

    /// Beside the test bundle.
    static var executable: String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let path = String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let places = [path] + CommandLine.arguments
        for place in places {
            guard let slash = place.lastIndex(of: "/") else { continue }
            let candidate = place[..<slash] + "/StateExerciser"
            if access(String(candidate), X_OK) == 0 { return String(candidate) }
        }
        return nil
    }

    /// The next line, without its end; `nil` at the end of the output.
    func line() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == 0x0a { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// All that it still says.
    func rest() -> String {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        return lines.joined(separator: "\n")
    }

    /// Ends its input and waits for its end.
    ///
    /// - Returns: The exit code, or minus the signal.
    @discardableResult
    func finish(killing signal: Int32? = nil) -> Int32 {
        if let signal { kill(pid, signal) }
        close(input)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        close(output)
        return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
    }
}

/// Runs a program and gives its exit code; `nil` if it is not installed.
func run(_ words: [String]) -> Int32? {
    var pointers = words.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var child = pid_t()
    guard posix_spawnp(&child, words[0], &actions, nil, &pointers, environ) == 0 else { return nil }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
}

extension StateReading {
    /// The content, if this is a new one.
    var content: Content? {
        if case .content(let content, _) = self { return content }
        return nil
    }

    var isEmpty: Bool {
        if case .empty = self { return true }
        return false
    }

    var isUnchanged: Bool {
        if case .unchanged = self { return true }
        return false
    }

    var error: StateError? {
        if case .unreadable(let error) = self { return error }
        return nil
    }
}
