import CLinux
import Glibc
import Shared

/// A worker that does as it is told, for the tests of the supervisor: link it as `health-server`, `watcher` and
/// `publisher` into a `WORKER_DIRECTORY`.
///
/// `DOUBLE_HEALTH_SERVER`, `DOUBLE_WATCHER` and `DOUBLE_PUBLISHER` hold words, separated by spaces:
/// `ready` (READY=1), `beat` (heartbeats), `ignore-term`, `exit=N` (at once), `orphan` (leaves a grandchild behind that
/// exits later), `child` (a child in the same process group that ignores SIGTERM), `say=WORD` (a line on stdout, `_` is a
/// space), `half` (half a line, then SIGKILL to itself), `flood=N` (N lines), `leak` (allocates until it dies),
/// `environment` (prints its environment), `descriptors` (prints its open descriptors).
@main
struct WorkerDoubleMain {
    static func main() {
        let environment = ProcessEnvironment.current()
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        let variable = "DOUBLE_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
        let words = (environment[variable] ?? "ready beat").split(separator: " ")
        let notify = NotifySocket(environment: environment)
        for word in words { obey(word, name: name, notify: notify, environment: environment) }
        let beats = words.contains("beat")
        while true {
            usleep(200_000)
            if beats { notify.heartbeat() }
        }
    }

    private static func obey(
        _ word: Substring,
        name: String,
        notify: NotifySocket,
        environment: ProcessEnvironment
    ) {
        let parts = word.split(separator: "=", maxSplits: 1)
        let value = parts.count > 1 ? String(parts[1]) : ""
        switch parts[0] {
        case "ready": notify.ready()
        case "ignore-term": signal(SIGTERM, SIG_IGN)
        case "exit": exit(Int32(value) ?? 0)
        case "say": say(value.map { $0 == "_" ? " " : String($0) }.joined())
        case "half":
            var text = Array("half a line".utf8)
            _ = write(STDOUT_FILENO, &text, text.count)
            kill(getpid(), SIGKILL)
        case "flood": for index in 0..<(Int(value) ?? 0) { say("flood \(index) " + String(repeating: "x", count: 200)) }
        case "leak":
            while true { _ = memset(malloc(1 << 20), 1, 1 << 20) }
        case "orphan": startChild(["/bin/sh", "-c", "(sleep 0.3; exit 7) & exit 0"])
        case "child":
            startChild(["/bin/sh", "-c", "trap '' TERM; echo $$ >\"$DOUBLE_CHILD_FILE\"; while :; do sleep 1; done"])
        case "environment": for (name, value) in environment.variables.sorted(by: <) { say("env \(name)=\(value)") }
        case "descriptors":
            let open = (0..<256).filter { fcntl(Int32($0), F_GETFD) >= 0 }
            say("\(name) descriptors \(open.map(String.init).joined(separator: ","))")
        default: break
        }
    }

    private static func say(_ text: String) { try? writeAll(STDOUT_FILENO, text + "\n", subject: "stdout") }

    private static func startChild(_ command: [String]) {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        var pid: pid_t = 0
        _ = posix_spawn(&pid, command[0], nil, nil, &arguments, environ)
    }
}
