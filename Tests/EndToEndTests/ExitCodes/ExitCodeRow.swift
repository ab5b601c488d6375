import Glibc
import Shared
import Testing

/// One way to end a program, and the code that it must leave with.
///
/// In `arguments`, `environment` and `says` these stand for what the run prepares: `{directory}` an empty directory,
/// `{good}` a directory with one contract, `{bad}` one that also holds a file that is none, `{broker}` the URL of a
/// broker, `{port}` a port that is taken, `{pid}` the process that was there first.
struct ExitCodeRow: Sendable, CustomTestStringConvertible {
    /// What is there before the program starts, or is done to it.
    enum Situation: Equatable, Sendable {
        case nothing
        /// A broker answers at `{broker}`.
        case broker
        /// Somebody listens on `{port}`.
        case portTaken
        /// The state directory is a symbolic link.
        case linkedState
        /// Its standard output takes nothing: /dev/full, where every write(2) fails with ENOSPC.
        case fullOutput
        /// The named program runs on the same state directory and holds this lock.
        case owned(LockName, by: String)
        /// Once it has said `after`, it gets this signal.
        case signalled(Int32, after: String)
    }

    let program: String
    var arguments: [String] = []
    /// On top of a state directory of its own, any free port, `{good}` and a broker that nobody answers for.
    var environment: [String: String] = [:]
    var situation: Situation = .nothing
    let code: ExitCode
    /// Each must occur in what it says.
    let says: [String]

    var testDescription: String {
        let settings = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value) " }.joined()
        let words = ([program] + arguments).joined(separator: " ")
        return situation == .nothing ? "\(settings)\(words)" : "\(settings)\(words) (\(situation))"
    }
}

extension ExitCodeRow {
    static let programs = ["manager", "watcher", "publisher", "health-server"]

    static let all: [ExitCodeRow] = everyProgram + manager + watcher + publisher + healthServer + kubernetes

    /// What each of the four does alike.
    private static let everyProgram: [ExitCodeRow] = programs.flatMap { program in
        [
            ExitCodeRow(program: program, arguments: ["--help"], code: .success, says: ["STATE_DIR", "EXIT CODES"]),
            ExitCodeRow(program: program, arguments: ["--version"], code: .success, says: [BuildVersion.number]),
            ExitCodeRow(program: program, arguments: ["--nonsense"], code: .usage, says: ["'--nonsense'", "--help"]),
            ExitCodeRow(program: program, arguments: ["nonsense"], code: .usage, says: ["'nonsense'"]),
            ExitCodeRow(
                program: program,
                environment: ["LOG_FORMAT": "xml", "HEALTH_PORT": "many"],
                code: .badConfiguration,
                says: ["setting=LOG_FORMAT value=xml", "setting=HEALTH_PORT value=many", "allowed: 0 to 65535"]
            ),
        ] + [SIGTERM, SIGINT].map { stopped(program, by: $0) }
    }

    /// A program that works by itself and is then told to stop.
    private static func stopped(_ program: String, by signal: Int32) -> ExitCodeRow {
        let working =
            switch program {
            case "watcher": "desired set changed"
            case "publisher": "broker is not ready"
            // The manager passes on what its workers say.
            default: "the health server answers"
            }
        return ExitCodeRow(
            program: program,
            situation: .signalled(signal, after: working),
            code: .success,
            says: [working]
        )
    }

    private static let manager: [ExitCodeRow] = [
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            code: .success,
            says: [
                "ok  settings        all valid", "BROKER_URL      http://127.0.0.1:1",
                "CONFIGMAP_PATH  {good}, 1 file that ends", "state, to be created",
            ]
        ),
        ExitCodeRow(
            program: "manager",
            environment: ["HEALTH_PORT": "{port}", "HEALTH_PROT": "0"],
            situation: .portTaken,
            code: .systemFailure,
            says: ["HEALTH_PORT", "port {port} is taken", "HEALTH_PROT is no setting; did you mean HEALTH_PORT?"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: ["HEALTH_PORT": "{port}"],
            situation: .portTaken,
            code: .systemFailure,
            says: ["FAIL  HEALTH_PORT", "{port}"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: [
                "BROKER_ULR": "http://b", "CONFIGMAP_PATH": "{directory}/c",
            ],
            code: .success,
            says: [
                "warn  settings        BROKER_ULR is no setting; did you mean BROKER_URL?",
                "ok    BROKER_URL      http://127.0.0.1:1, with basic authentication",
                "warn  CONFIGMAP_PATH  {directory}/c does not exist yet",
            ]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: ["CONFIGMAP_PATH": "/etc/passwd"],
            code: .badConfiguration,
            says: ["/etc/passwd is not a directory; mount the ConfigMap there"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: ["STATE_DIR": "/proc/x"],
            code: .badConfiguration,
            says: ["FAIL  STATE_DIR", "/proc/x refused: /proc is proc, the kernel's own"]
        ),
        ExitCodeRow(
            program: "manager",
            environment: ["STATE_DIR": "/proc/x"],
            code: .badConfiguration,
            says: ["/proc/x refused: /proc is proc, the kernel's own"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: ["BROKER_CA_FILE": "{good}/good.json"],
            code: .badConfiguration,
            says: ["holds no certificate in PEM form", "setting=BROKER_CA_FILE", "good.json"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            environment: ["NAMESPACE": "Foo_Bar", "CONFIGMAP_NAME": ","],
            code: .success,
            says: ["NAMESPACE='Foo_Bar' is ignored", "CONFIGMAP_NAME=',' is ignored"]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["--check"],
            situation: .fullOutput,
            code: .systemFailure,
            says: ["standard output: No space left"]
        ),
        ExitCodeRow(
            program: "manager",
            situation: .owned(.manager, by: "manager"),
            code: .alreadyOwned,
            says: ["pid {pid}", "STATE_DIR"]
        ),
        ExitCodeRow(
            program: "manager",
            environment: ["WORKER_DIRECTORY": "{directory}"],
            code: .badConfiguration,
            says: ["{directory}/watcher", "swift build"]
        ),
        ExitCodeRow(
            program: "manager",
            situation: .linkedState,
            code: .badConfiguration,
            says: ["it is a symlink", "STATE_DIR"]
        ),
        ExitCodeRow(program: "manager", arguments: ["status"], code: .notRunning, says: ["No manager is running here"]),
        ExitCodeRow(
            program: "manager",
            arguments: ["status", "--json"],
            code: .notRunning,
            says: [#""isRunning":false"#]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["status"],
            situation: .owned(.manager, by: "manager"),
            code: .success,
            says: ["pid {pid}", "state    "]
        ),
        ExitCodeRow(
            program: "manager",
            arguments: ["status"],
            situation: .fullOutput,
            code: .systemFailure,
            says: ["standard output: No space left"]
        ),
        ExitCodeRow(program: "manager", arguments: ["status", "--nonsense"], code: .usage, says: ["'--nonsense'"]),
    ]

    private static let watcher: [ExitCodeRow] = [
        ExitCodeRow(program: "watcher", arguments: ["--once"], code: .success, says: ["good.json", "orders"]),
        ExitCodeRow(
            program: "watcher",
            arguments: ["--once", "--contracts", "{bad}"],
            code: .failure,
            says: ["bad.json:1:2: "]
        ),
        ExitCodeRow(program: "watcher", arguments: ["--json"], code: .usage, says: ["--json needs --once or --doctor"]),
        ExitCodeRow(
            program: "watcher",
            arguments: ["--doctor", "--contracts", "{good}"],
            code: .usage,
            says: ["--contracts needs --once; elsewhere set CONFIGMAP_PATH"]
        ),
        ExitCodeRow(
            program: "watcher",
            arguments: ["--once"],
            situation: .fullOutput,
            code: .systemFailure,
            says: ["standard output: No space left"]
        ),
        ExitCodeRow(
            program: "watcher",
            situation: .owned(.source, by: "watcher"),
            code: .alreadyOwned,
            says: ["section source", "pid {pid}"]
        ),
        ExitCodeRow(
            program: "watcher",
            environment: ["CONTRACT_SOURCE": "ftp"],
            code: .badConfiguration,
            says: ["setting=CONTRACT_SOURCE value=ftp", "allowed: auto, directory or kubernetes"]
        ),
        ExitCodeRow(
            program: "watcher",
            situation: .linkedState,
            code: .badConfiguration,
            says: ["it is a symlink", "STATE_DIR"]
        ),
    ]
}
