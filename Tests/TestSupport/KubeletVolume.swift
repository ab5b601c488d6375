import Glibc
import Shared

/// A directory written the way the kubelet writes a ConfigMap volume.
///
/// The steps and their order are those of kubernetes v1.36.2, pkg/volume/util/atomic_writer.go, as observed in
/// transcripts of inotify (Tests/Fixtures/inotify).
package final class KubeletVolume {
    /// What has just been done.
    package enum Step: CaseIterable, Sendable {
        case madeGeneration
        case wroteFiles
        case linkedTemporary
        case swapped
        case addedLinks
        case removedLinks
        case removedOldGeneration
    }

    /// The mount directory.
    package let path: String
    private var payload: [String: [UInt8]]?
    private var generation: String?
    private var count = 0

    /// - Parameter path: Made if it is not there.
    package init(_ path: String) throws {
        self.path = path
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw SystemError(call: "mkdir", number: errno, subject: path) }
    }

    /// Publishes a payload of texts.
    @discardableResult
    package func publish(_ texts: [String: String], after: (Step) -> Void = { _ in }) throws -> Bool {
        try publish(texts.mapValues { Array($0.utf8) }, after: after)
    }

    /// Publishes a payload.
    ///
    /// - Parameter after: Called after each step.
    /// - Returns: Whether anything was written: the same payload again writes nothing.
    @discardableResult
    package func publish(_ new: [String: [UInt8]], after: (Step) -> Void = { _ in }) throws -> Bool {
        if payload == new { return false }
        let old = payload ?? [:]
        count += 1
        let name = Self.generationName(count)
        try check("mkdir", mkdir("\(path)/\(name)", 0o700))
        try check("chmod", chmod("\(path)/\(name)", 0o755))
        after(.madeGeneration)
        for (key, bytes) in new {
            let file = "\(path)/\(name)/\(key)"
            let descriptor = try FileDescriptor(opening: file, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try writeAll(descriptor.number, bytes, subject: file)
            try check("chmod", chmod(file, 0o644))
        }
        after(.wroteFiles)
        try check("symlink", symlink(name, "\(path)/..data_tmp"))
        after(.linkedTemporary)
        try check("rename", rename("\(path)/..data_tmp", "\(path)/..data"))
        after(.swapped)
        for key in new.keys where old[key] == nil { try check("symlink", symlink("..data/\(key)", "\(path)/\(key)")) }
        after(.addedLinks)
        for key in old.keys where new[key] == nil { try check("unlink", unlink("\(path)/\(key)")) }
        after(.removedLinks)
        if let generation {
            for key in old.keys { try check("unlink", unlink("\(path)/\(generation)/\(key)")) }
            try check("rmdir", rmdir("\(path)/\(generation)"))
        }
        after(.removedOldGeneration)
        payload = new
        generation = name
        return true
    }

    /// `..2026_11_23_00_17_26.3381235854`, another one for each number.
    private static func generationName(_ number: Int) -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        func two(_ value: Int32) -> String { (value < 10 ? "0" : "") + String(value) }
        let date = "\(parts.tm_year + 1900)_\(two(parts.tm_mon + 1))_\(two(parts.tm_mday))"
        return "..\(date)_\(two(parts.tm_hour))_\(two(parts.tm_min))_\(two(parts.tm_sec)).\(1_000_000 + number)"
    }

    private func check(_ call: String, _ result: Int32) throws {
        guard result == 0 else { throw SystemError(call: call, number: errno, subject: path) }
    }
}
