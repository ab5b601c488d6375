internal import CLinux
internal import Glibc

/// The one mechanism for a file that is missing, damaged, of a newer schema or too small: a new, empty file is renamed
/// into place under the replace lock. Nobody copies; each owner notices and writes its section again from memory.
struct StateReplacement {
    let directory: StateDirectory
    /// How long to wait for another process that is replacing the file at this moment.
    var patience = Duration.milliseconds(200)

    /// Damaged files kept as `state.json.corrupt-<time>`.
    static let keptCorruptFiles = 3

    /// Gives the present file if it will do, otherwise a new one.
    ///
    /// - Parameters:
    ///   - condemned: A file that must not be used any more, whatever it looks like now.
    ///   - need: The section and the bytes that its slot must hold.
    /// - Throws: `locked` if somebody else is at it for too long; `notWritable`, `full` or `system` if a file cannot be
    ///   made: then the present one, if any, stays as it is.
    func obtain(
        condemned: FileIdentity? = nil,
        need: (section: StateSection, bytes: Int)? = nil
    ) throws(StateError) -> StateFile {
        if condemned == nil, need == nil, let file = try? StateFile.open(directory), !file.isMoved { return file }
        let lock = try replaceLock()
        defer { withExtendedLifetime(lock) {} }
        let present: StateFile?
        var isDamaged = false
        do throws(StateError) {
            present = try StateFile.open(directory)
            isDamaged = present?.identity == condemned && condemned != nil
        } catch {
            guard error.meansSetAside else { throw error }
            present = nil
            isDamaged = true
        }
        var layout = present?.layout ?? .initial
        if let need {
            guard let larger = layout.growing(need.section, toHold: need.bytes) else {
                throw .tooLarge(section: need.section, bytes: need.bytes, limit: StateLimits.maximumCapacity)
            }
            layout = larger
        }
        if let present, !isDamaged, !present.isMoved, layout == present.layout { return present }
        return try replace(present, with: layout, settingAside: isDamaged)
    }

    private func replaceLock() throws(StateError) -> StateLock {
        do throws(StateError) {
            return try StateLocks.acquire(.replace, in: directory, waitingUpTo: patience)
        } catch {
            guard case .system(let cause) = error, cause.meansMissing else { throw error }
        }
        // The whole directory is gone.
        try directory.recreate()
        return try StateLocks.acquire(.replace, in: directory, waitingUpTo: patience)
    }

    private func replace(
        _ old: StateFile?,
        with layout: StateLayout,
        settingAside: Bool
    ) throws(StateError) -> StateFile {
        removeStaleFiles()
        let temporary = directory.statePath + Self.temporarySuffix + String(getpid())
        do throws(SystemError) {
            try Self.create(temporary, layout)
            if settingAside { try setAside() }
            StateHook.point()
            try retryingInterrupts("rename", directory.statePath) { rename(temporary, directory.statePath) }
        } catch {
            unlink(temporary)
            throw .writing(directory.statePath, error)
        }
        old?.markMoved()
        guard let file = try StateFile.open(directory) else { throw .unsettled(path: directory.statePath) }
        return file
    }

    private static let temporarySuffix = ".new-"
    private static let corruptSuffix = ".corrupt-"

    /// Writes a whole, empty document, all of its space allocated: a store into a hole on a full disk would be a
    /// SIGBUS.
    private static func create(_ path: String, _ layout: StateLayout) throws(SystemError) {
        StateHook.point()
        let file = try FileDescriptor(opening: path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        let number = file.number
        StateHook.point()
        let result = posix_fallocate(number, 0, off_t(layout.size))
        // The caller unlinks the file, with whatever ext4 has allocated before it ran out.
        guard result == 0 else { throw SystemError(call: "posix_fallocate", number: result, subject: path) }
        let spaces = [UInt8](repeating: 0x20, count: 64 * 1024)
        var offset = 0
        while offset < layout.size {
            let count = min(spaces.count, layout.size - offset)
            try write(number, spaces[..<count], at: offset, path)
            offset += count
        }
        try write(number, layout.header()[...], at: 0, path)
        for section in StateSection.allCases {
            try write(number, layout.frame(section)[...], at: layout.control(section), path)
            try write(number, StateLayout.emptyContent[...], at: layout.slot(section, 0), path)
            try write(
                number,
                [0x0a],
                at: layout.slot(section, 1) + layout.capacity(section) + StateLayout.tailSize - 1,
                path
            )
        }
        try write(number, Array("}\n".utf8)[...], at: layout.size - 2, path)
    }

    private static func write(
        _ descriptor: Int32,
        _ bytes: ArraySlice<UInt8>,
        at offset: Int,
        _ path: String
    ) throws(SystemError) {
        StateHook.point()
        var done = 0
        while done < bytes.count {
            done += try retryingInterrupts("pwrite", path) {
                bytes.withUnsafeBytes { buffer in
                    pwrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
                }
            }
        }
    }

    /// Gives the present file a second name by which people can look at it. The path itself keeps leading to it until
    /// the new one takes its place; only where there are no hard links it is renamed.
    private func setAside() throws(SystemError) {
        let time = WallClock.now().rfc3339.filter { $0 != "-" && $0 != ":" }
        var name = directory.statePath + Self.corruptSuffix + time
        guard FileIdentity.status(of: directory.statePath) != nil else { return }
        // Two within a millisecond: the second must not take the first one's name.
        for number in 2...9 where FileIdentity.status(of: name) != nil {
            name = "\(directory.statePath)\(Self.corruptSuffix)\(time)-\(number)"
        }
        StateHook.point()
        if FileIdentity.status(of: name) == nil, linkRegularFile(to: name) { return pruneCorruptFiles() }
        let renamed = rename(directory.statePath, name)
        if renamed != 0, errno != ENOENT {
            throw SystemError(call: "rename", number: errno, subject: directory.statePath)
        }
        pruneCorruptFiles()
    }

    private func linkRegularFile(to name: String) -> Bool {
        guard FileIdentity.status(of: directory.statePath)?.isRegularFile == true else { return false }
        return link(directory.statePath, name) == 0
    }

    private func pruneCorruptFiles() {
        let corrupt = DirectoryListing.names(in: directory.path)
            .filter { $0.hasPrefix("state.json" + Self.corruptSuffix) }
        for name in corrupt.dropLast(Self.keptCorruptFiles) {
            StateHook.point()
            remove(directory.path + "/" + name)
        }
    }

    /// Half-made files of processes that died while they held the replace lock, which is ours now.
    private func removeStaleFiles() {
        for name in DirectoryListing.names(in: directory.path) where name.hasPrefix("state.json" + Self.temporarySuffix)
        {
            StateHook.point()
            unlink(directory.path + "/" + name)
        }
    }
}

extension StateError {
    /// The file is there and unusable: evidence to keep, and no reason to stop.
    var meansSetAside: Bool {
        switch self {
        case .damaged, .newerSchema: true
        default: false
        }
    }
}
