import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

/// Port, state directory and limits.
@Suite struct MachineDiagnosisTests {
    /// Facts of a machine on which all is well.
    private func facts(_ directory: TemporaryDirectory) -> MachineFacts {
        MachineFacts(
            port: .free(8081),
            wantedPort: 8081,
            state: StateLook(setting: directory.path + "/state"),
            fileSystem: .init(type: 0x0102_1994, freeBytes: 64 << 20, inodes: 1000, freeInodes: 900),
            memoryLimit: 256 << 20,
            memorySetting: .auto,
            files: 1_048_576,
            processes: 1024,
            inotifyInstances: .init(most: 128),
            inotifyWatches: .init(most: 8192)
        )
    }

    private func line(_ check: DoctorCheck, _ change: (inout MachineFacts) -> Void) throws -> DoctorLine {
        var facts = facts(try TemporaryDirectory())
        change(&facts)
        let found = MachineDiagnosis(facts: facts).lines
        let others = found.filter { $0.check != check && $0.mark != .good }
        #expect(others.isEmpty, "\(others)")
        return try #require(found.first { $0.check == check })
    }

    @Test func aGoodMachineIsAllGood() throws {
        let found = MachineDiagnosis(facts: facts(try TemporaryDirectory())).lines
        #expect(found.count == 10 && found.allSatisfy { $0.mark == .good }, "\(found)")
        #expect(found.contains { $0.found == "port 8081 is free" })
        #expect(found.contains { $0.found.hasSuffix("/state, to be created") })
    }

    @Test func thePortIsOursOnlyIfTheManagerOfThisStateDirectoryHoldsIt() throws {
        func port(_ holders: [PortHolder], manager: Int32?) throws -> DoctorLine {
            try line(.healthPort) {
                $0.port = .refused(.portTaken(8081))
                $0.portHolders = holders
                $0.managerPID = manager
            }
        }
        let manager = PortHolder(pid: 7, name: "manager")
        let health = PortHolder(pid: 9, name: "health-server")
        let own = try port([manager, health], manager: 7)
        #expect(own == .good(.healthPort, "port 8081 is held by the running manager, pid 7"))
        let other = try port([manager, health], manager: nil)
        #expect(other.mark == .wrong && other.found == "port 8081 is taken by manager, pid 7; health-server, pid 9")
        #expect(other.remedy == DoctorCheck.healthPort.remedy)
        #expect(try port([PortHolder(pid: 8, name: "nginx")], manager: 7).mark == .wrong)
        #expect(try port([], manager: 7).found == "port 8081 is taken by a process that cannot be seen from here")
        let low = try line(.healthPort) { $0.port = .refused(.notAllowed(80)) }
        #expect(low.mark == .wrong && low.remedy == "set HEALTH_PORT to a port of 1024 or more")
    }

    @Test func anotherFileSystemAndLittleRoomAreTold() throws {
        func system(_ change: (inout MachineFacts.FileSystem) -> Void, _ check: DoctorCheck) throws -> DoctorLine {
            try line(check) { facts in
                guard var system = facts.fileSystem else { return }
                change(&system)
                facts.fileSystem = system
            }
        }
        let nfs = try system({ $0.type = 0x6969 }, .stateFileSystem)
        #expect(nfs.mark == .odd && nfs.found.hasPrefix("NFS"))
        #expect(try system({ $0.type = 0x6573_5546 }, .stateFileSystem).mark == .odd)
        #expect(try system({ $0.type = 0xEF53 }, .stateFileSystem).mark == .good)
        #expect(try system({ $0.freeBytes = 3 << 20 }, .stateSpace).mark == .odd)
        #expect(try system({ $0.freeBytes = 4 << 20 }, .stateSpace).mark == .good)
        #expect(try system({ $0.freeBytes = 0 }, .stateSpace).mark == .wrong)
        #expect(try system({ $0.freeInodes = 0 }, .stateSpace).found == "64 MiB are free, but no inode")
        // tmpfs without a limit, btrfs: no number of inodes of their own.
        #expect(try system({ ($0.inodes, $0.freeInodes) = (0, 0) }, .stateSpace).mark == .good)
    }

    @Test func aRefusedDirectoryIsAFailure() throws {
        let directory = try TemporaryDirectory()
        try #require(symlink("/tmp", directory.path + "/link") == 0)
        var facts = facts(directory)
        facts.state = StateLook(setting: directory.path + "/link")
        let found = MachineDiagnosis(facts: facts).lines
        let line = try #require(found.first { $0.check == .stateDirectory })
        #expect(line.mark == .wrong && line.found.contains("it is a symlink"), "\(line)")
        #expect(!found.contains { $0.check == .stateLock })
    }

    @Test func limitsThatAreTooLowAreTold() throws {
        #expect(try line(.limitsMemory) { $0.memoryLimit = 95 << 20 }.mark == .odd)
        #expect(try line(.limitsMemory) { $0.memoryLimit = nil }.mark == .good)
        #expect(try line(.limitsFiles) { $0.files = 1023 }.mark == .odd)
        #expect(try line(.limitsFiles) { $0.files = 1024 }.mark == .good)
        #expect(try line(.limitsProcesses) { $0.processes = 31 }.mark == .odd)
        #expect(try line(.limitsProcesses) { $0.processes = nil }.mark == .good)
        let instances = try line(.limitsInotifyInstances) { $0.inotifyInstances.failure = "Too many open files" }
        #expect(
            instances.mark == .odd && instances.found.contains("128 instances") && instances.found.contains("none left")
        )
        #expect(try line(.limitsInotifyWatches) { $0.inotifyWatches.failure = "No space left on device" }.mark == .odd)
    }

    @Test func theListenerOfAPortIsFoundInProc() throws {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1 0
               1: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 42 1 0
               2: 0100007F:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 43 1 0

            """
        #expect(PortHolder.inodes(table, port: 8081) == ["socket:[41]"])
        #expect(PortHolder.inodes("", port: 8081).isEmpty)
        // The real thing: this process listens.
        let settings = try Settings(environment: ProcessEnvironment(["HEALTH_PORT": "0", "HEALTH_HOST": "127.0.0.1"]))
        let socket = try ListeningSocket.open(environment: ProcessEnvironment([:]), settings: settings)
        defer { close(socket) }
        let holders = PortHolder.all(port: UInt16(ListeningSocket.port(socket)))
        #expect(holders.map(\.pid) == [getpid()] && holders.first?.name.isEmpty == false, "\(holders)")
    }

    @Test func theContainersLimitOfProcessesIsFoundInBothVersions() throws {
        let directory = try TemporaryDirectory()
        try directory.write("proc/self/cgroup", "0::/pod/container\n")
        try directory.write("sys/fs/cgroup/pod/pids.max", "512\n")
        try directory.write("sys/fs/cgroup/pod/container/pids.max", "max\n")
        #expect(ControlGroupMemory.processLimit(root: directory.path) == 512)
        try directory.write("proc/self/cgroup", "4:pids:/pod\n3:memory:/pod\n")
        try directory.write("sys/fs/cgroup/pids/pod/pids.max", "100\n")
        #expect(ControlGroupMemory.processLimit(root: directory.path) == 100)
        #expect(ControlGroupMemory.processLimit(root: directory.path + "/none") == nil)
    }
}
