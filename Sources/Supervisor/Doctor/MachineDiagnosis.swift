import Shared

/// What port, state directory and limits mean and what to do: pure.
struct MachineDiagnosis {
    let facts: MachineFacts

    /// Free bytes for the state: its largest section may take that much twice while it is replaced.
    static let room: UInt64 = 4 << 20
    /// Connections of the health server (512 at most, and what else is open).
    static let files: UInt64 = 1024
    /// A manager and its workers are 7 threads on two processors (measured, 2026-11-26); lookups, this command and
    /// `status` come and go.
    static let processes: UInt64 = 32

    var lines: [DoctorLine] { [port] + state + [memory, files, processes] + inotify }

    // MARK: Port

    private var port: DoctorLine {
        switch facts.port {
        case .free(let number):
            return .good(.healthPort, facts.wantedPort == 0 ? "any free port" : "port \(number) is free")
        case .refused(.portTaken(let number)):
            if let pid = facts.managerPID, facts.portHolders.contains(where: { $0.pid == pid }) {
                return .good(.healthPort, "port \(number) is held by the running manager, pid \(pid)")
            }
            let who = facts.portHolders.map { "\($0.name), pid \($0.pid)" }.joined(separator: "; ")
            let whom = who.isEmpty ? "a process that cannot be seen from here" : who
            return .wrong(.healthPort, "port \(number) is taken by \(whom)", DoctorCheck.healthPort.remedy)
        case .refused(let error): return .wrong(.healthPort, OwnSentence(error.description))
        }
    }

    // MARK: State

    private var state: [DoctorLine] {
        guard let directory = facts.state.directory else {
            let sentence = OwnSentence(facts.state.error?.description ?? "none")
            let remedy = facts.state.error?.remedy ?? sentence.wayOut
            return [.wrong(.stateDirectory, sentence.trouble, remedy)]
        }
        var lines = [DoctorLine.good(.stateDirectory, directory.path + (facts.state.exists ? "" : ", to be created"))]
        if let system = facts.fileSystem { lines += [kind(system), space(system)] }
        let holder =
            facts.state.holder.map { "a manager runs: \($0)" } ?? facts.managerPID.map { "a manager runs: pid \($0)" }
        lines.append(.good(.stateLock, holder ?? "nobody owns it"))
        return lines
    }

    private func kind(_ system: MachineFacts.FileSystem) -> DoctorLine {
        if let name = Self.local[system.type] { return .good(.stateFileSystem, name) }
        if let name = Self.remote[system.type] {
            return .odd(.stateFileSystem, "\(name), a file system of a network or in user space")
        }
        return .good(.stateFileSystem, "type 0x\(String(system.type, radix: 16)), which was never tried")
    }

    private func space(_ system: MachineFacts.FileSystem) -> DoctorLine {
        let free =
            system.freeBytes < 1 << 20
            ? "\(system.freeBytes >> 10) KiB are free" : "\(system.freeBytes >> 20) MiB are free"
        if system.freeBytes == 0 || system.inodes > 0 && system.freeInodes == 0 {
            let inodes = system.freeBytes == 0 ? "" : ", but no inode"
            return .wrong(.stateSpace, free + inodes)
        }
        return system.freeBytes < Self.room ? .odd(.stateSpace, free) : .good(.stateSpace, free)
    }

    /// Magic numbers of statfs(2).
    private static let local = [
        0xEF53: "ext2, 3 or 4", 0x0102_1994: "tmpfs", 0x794C_7630: "overlay", 0x5846_5342: "xfs", 0x9123_683E: "btrfs",
        0x2FC1_2FC1: "zfs", 0xF2F5_2010: "f2fs", 0x8584_58F6: "ramfs",
    ]
    private static let remote = [
        0x6969: "NFS", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB", 0x517B: "SMB", 0x6573_5546: "FUSE", 0x00C3_6400: "Ceph",
        0x0102_1997: "9P", 0x5346_414F: "AFS", 0x1980_0202: "GFS2",
    ]

    // MARK: Limits

    private var memory: DoctorLine {
        guard let limit = facts.memoryLimit else { return .good(.limitsMemory, "the container has no limit") }
        let text = "the container's limit is \(limit >> 20) MiB"
        guard let warning = MemoryPlan(setting: facts.memorySetting, container: limit).warning else {
            return .good(.limitsMemory, text)
        }
        return .odd(.limitsMemory, OwnSentence(warning))
    }

    private var files: DoctorLine {
        let text = "\(facts.files) open files"
        return facts.files < Self.files ? .odd(.limitsFiles, text) : .good(.limitsFiles, text)
    }

    private var processes: DoctorLine {
        guard let limit = facts.processes else { return .good(.limitsProcesses, "no limit of the container's own") }
        let text = counted(Int(clamping: limit), "process or thread", "processes and threads")
        return limit < Self.processes ? .odd(.limitsProcesses, text) : .good(.limitsProcesses, text)
    }

    private var inotify: [DoctorLine] {
        [
            line(.limitsInotifyInstances, facts.inotifyInstances, "instances"),
            line(.limitsInotifyWatches, facts.inotifyWatches, "watches"),
        ]
    }

    private func line(_ check: DoctorCheck, _ limit: MachineFacts.Limit, _ what: String) -> DoctorLine {
        let most =
            limit.most.map { "at most \($0) \(what) for all processes of this user on the node" } ?? "limit not known"
        guard let failure = limit.failure else { return .good(check, most) }
        return .odd(check, "\(most), and there is none left (\(failure))")
    }
}
