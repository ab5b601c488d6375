internal import CLinux
internal import Glibc
import Shared

/// One spawn: what to run and what it inherits.
struct SpawnRequest {
    var executable: String
    var environment: [String: String]
    /// Standard output and error of the worker.
    var logPipe: Int32
    /// Becomes descriptor 3.
    var listeningSocket: Int32?
    /// RLIMIT_DATA in bytes; `nil`: not limited.
    var dataLimit: UInt64?
    /// After the program's own path.
    var arguments: [String] = []
    /// Its standard error; `nil`: the log pipe.
    var errorDescriptor: Int32?
}

/// Why a spawn failed: the step and its error, with what to do where we know it.
struct SpawnError: Error, Equatable, CustomStringConvertible {
    var executable: String
    var stage: String
    var number: Int32

    var description: String {
        let text = String(cString: strerror(number))
        guard stage == "execve", number == ENOENT || number == EACCES else { return "\(stage) \(executable): \(text)" }
        let product = executable.split(separator: "/").last ?? ""
        return "\(executable): \(text); build it with: swift build --product \(product), or set WORKER_DIRECTORY"
    }
}

/// Starts workers through the C shim: Swift must not fork.
enum ProcessSpawner {
    /// Room for RLIMIT_NOFILE that a worker gets at least (512 connections of the health server).
    private static let descriptorLimit: UInt64 = 4096

    /// - Returns: The pid of the running worker.
    static func spawn(_ request: SpawnRequest) throws(SpawnError) -> Int32 {
        var pointers: [UnsafeMutablePointer<CChar>?] = []
        defer { for pointer in pointers { free(pointer) } }
        func copy(_ text: String) -> UnsafeMutablePointer<CChar>? {
            let pointer = strdup(text)
            pointers.append(pointer)
            return pointer
        }
        let arguments: [UnsafeMutablePointer<CChar>?] =
            ([request.executable] + request.arguments).map(copy) + [nil]
        var variables = request.environment.sorted { $0.key < $1.key }.map { copy("\($0.key)=\($0.value)") }
        var listenPID: UnsafeMutablePointer<CChar>?
        if request.listeningSocket != nil {
            // Room for "LISTEN_PID=" and a pid; the child fills it in between clone and execve.
            listenPID = copy("LISTEN_PID=            ")
            variables.append(listenPID)
        }
        variables.append(nil)
        var descriptors = [-1, request.logPipe, request.errorDescriptor ?? request.logPipe]
        if let socket = request.listeningSocket { descriptors.append(socket) }
        guard let executable = copy(request.executable) else {
            throw SpawnError(executable: request.executable, stage: "strdup", number: ENOMEM)
        }
        var spawn = clinux_spawn_request()
        spawn.path = UnsafePointer(executable)
        spawn.listen_pid_buffer = listenPID
        spawn.data_limit = request.dataLimit ?? 0
        spawn.descriptor_limit = descriptorLimit
        spawn.new_group = true
        spawn.parent_death_signal = SIGKILL
        let started = arguments.withUnsafeBufferPointer { argv in
            variables.withUnsafeBufferPointer { envp in
                descriptors.withUnsafeBufferPointer { numbers in
                    spawn.argv = argv.baseAddress
                    spawn.envp = envp.baseAddress
                    spawn.descriptors = numbers.baseAddress
                    spawn.descriptor_count = numbers.count
                    return start(&spawn)
                }
            }
        }
        guard started.result == 0 else {
            throw SpawnError(executable: request.executable, stage: started.stage, number: -started.result)
        }
        return started.pid
    }

    /// - Returns: 0 and the pid, or the negative errno and the step that failed.
    private static func start(_ spawn: inout clinux_spawn_request) -> (result: Int32, pid: Int32, stage: String) {
        var pid: Int32 = 0
        var stage: UnsafePointer<CChar>?
        let result = clinux_spawn(&spawn, &pid, &stage)
        return (result, pid, stage.map { String(cString: $0) } ?? "spawn")
    }
}
