internal import CLinux
internal import Glibc
import Shared

/// Gathers ``MachineFacts``: looks, and takes a port, an inotify instance and a watch for a moment.
enum MachineExamination {
    static func facts(_ settings: Settings) -> MachineFacts {
        let state = StateLook(setting: settings.stateDirectory)
        let running = state.holder.map { Int32($0.pid) } ?? RunningManager.find(setting: settings.stateDirectory)
        let port = PortLook(settings)
        var holders: [PortHolder] = []
        if case .refused(.portTaken(let number)) = port { holders = PortHolder.all(port: number) }
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        _ = clinux_get_descriptor_limit(&soft, &hard)
        let (instances, watches) = inotify()
        return MachineFacts(
            port: port,
            wantedPort: settings.healthPort,
            portHolders: holders,
            managerPID: running,
            state: state,
            fileSystem: state.directory.flatMap { fileSystem($0.path) },
            memoryLimit: ControlGroupMemory.limit(),
            memorySetting: settings.workerMemoryLimit,
            files: hard,
            processes: ControlGroupMemory.processLimit(),
            inotifyInstances: instances,
            inotifyWatches: watches
        )
    }

    /// Of the directory, or of the nearest one above it where it is still to be made.
    private static func fileSystem(_ path: String) -> MachineFacts.FileSystem? {
        var path = path
        var sizes = statvfs()
        while statvfs(path, &sizes) != 0 {
            guard errno == ENOENT, path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        let type = clinux_file_system_type(path)
        guard type >= 0 else { return nil }
        return MachineFacts.FileSystem(
            type: Int(type),
            freeBytes: UInt64(sizes.f_bavail) * UInt64(sizes.f_frsize),
            inodes: UInt64(sizes.f_files),
            freeInodes: UInt64(sizes.f_favail)
        )
    }

    private static func inotify() -> (instances: MachineFacts.Limit, watches: MachineFacts.Limit) {
        var instances = MachineFacts.Limit(most: number("max_user_instances"))
        var watches = MachineFacts.Limit(most: number("max_user_watches"))
        let descriptor = clinux_inotify_create()
        guard descriptor >= 0 else {
            instances.failure = String(cString: strerror(-descriptor))
            return (instances, watches)
        }
        defer { close(descriptor) }
        if inotify_add_watch(descriptor, "/", UInt32(IN_MOVE_SELF)) < 0 {
            watches.failure = String(cString: strerror(errno))
        }
        return (instances, watches)
    }

    private static func number(_ name: String) -> Int? {
        guard case .success(let bytes) = Settings.readSmallFile("/proc/sys/fs/inotify/\(name)") else { return nil }
        return Int(Secret.text(ofFile: bytes))
    }
}
