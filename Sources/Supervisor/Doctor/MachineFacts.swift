import Shared

/// What `doctor` has seen of port, state directory and limits; what it means is ``MachineDiagnosis``'s business.
struct MachineFacts {
    /// The file system that the state is on, or would be.
    struct FileSystem: Equatable {
        /// `f_type` of statfs(2).
        var type: Int
        var freeBytes: UInt64
        /// Of all; a file system without a number of its own says 0 of 0.
        var inodes: UInt64
        var freeInodes: UInt64
    }

    /// A limit of the kernel, and whether one more can be had.
    struct Limit: Equatable {
        /// `nil`: not known.
        var most: Int?
        /// Why not one more; `nil`: it can be had.
        var failure: String?
    }

    var port: PortLook
    /// `HEALTH_PORT` as set.
    var wantedPort: UInt16
    /// Who listens there, where it is taken.
    var portHolders: [PortHolder] = []
    /// Of the manager that runs with this state directory.
    var managerPID: Int32?
    var state: StateLook
    var fileSystem: FileSystem?
    /// Bytes; `nil`: none.
    var memoryLimit: UInt64?
    var memorySetting: Settings.WorkerMemoryLimit
    /// The hard limit of RLIMIT_NOFILE, to which the manager raises its workers' own.
    var files: UInt64
    /// Processes and threads of the container; `nil`: as many as there are.
    var processes: UInt64?
    var inotifyInstances: Limit
    var inotifyWatches: Limit
}
