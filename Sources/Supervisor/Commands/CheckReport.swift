internal import CLinux
internal import Glibc
import Shared

/// `manager --check`: everything that would keep the manager from starting or from working, looked at without starting,
/// creating or changing anything.
enum CheckReport {
    /// What came of one look.
    enum Mark: String {
        case good = "ok"
        case odd = "warn"
        case failed = "FAIL"
    }

    /// One thing that was looked at.
    struct Line: Equatable {
        var mark: Mark
        var subject: String
        var text: String
        /// What `--check` leaves with if this is the first that failed.
        var code: Shared.ExitCode = .success

        static func good(_ subject: String, _ text: String) -> Line { Line(mark: .good, subject: subject, text: text) }

        static func odd(_ subject: String, _ text: String) -> Line { Line(mark: .odd, subject: subject, text: text) }

        static func failed(_ subject: String, _ text: String, _ code: Shared.ExitCode = .badConfiguration) -> Line {
            Line(mark: .failed, subject: subject, text: text, code: code)
        }
    }

    /// Looks at it all; the settings have been found valid.
    static func lines(_ context: ProcessContext) -> [Line] {
        let settings = context.settings
        let warnings = settings.warnings.map { Line.odd("settings", $0) }
        return (warnings.isEmpty ? [.good("settings", "all valid")] : warnings) + [
            broker(settings, context.environment)
        ]
            + connection(settings) + contracts(settings, context.environment) + stateDirectory(settings) + [
                workers(settings), port(settings),
            ]
    }

    private static func broker(_ settings: Settings, _ environment: ProcessEnvironment) -> Line {
        let isSet = environment["BROKER_URL"]?.isEmpty == false
        let origin = isSet ? "" : " (BROKER_URL is not set: the default)"
        let who =
            if !settings.brokerToken.value.isEmpty {
                "a bearer token"
            } else if settings.brokerURL.credentials != nil || !settings.brokerUsername.value.isEmpty {
                "basic authentication"
            } else {
                "no authentication"
            }
        return .good("BROKER_URL", "\(settings.brokerURL)\(origin), with \(who); not tried")
    }

    /// What else belongs to the way to the broker; the settings' own check has read the files.
    private static func connection(_ settings: Settings) -> [Line] {
        let files = [
            ("BROKER_CA_FILE", settings.brokerCAFile),
            ("BROKER_CLIENT_CERT_FILE", settings.brokerClientCertificateFile),
            ("BROKER_CLIENT_KEY_FILE", settings.brokerClientKeyFile),
        ]
        let proxy = settings.brokerProxy.map { [Line.good($0.variable, "\($0.url), the proxy; not tried")] } ?? []
        return files.filter { !$0.1.isEmpty }.map { .good($0.0, $0.1) } + proxy
    }

    /// Where contracts come from: the Kubernetes API with the directory behind it, or the directory alone.
    private static func contracts(_ settings: Settings, _ environment: ProcessEnvironment) -> [Line] {
        let line = directory(settings)
        guard let kubernetes = settings.kubernetes else { return [line] }
        let check = KubernetesCheck(settings: settings, kubernetes: kubernetes, environment: environment)
        // Nobody needs it as long as the API delivers.
        return check.lines + [.good(line.subject, check.directory(line, settings.configMapPath))]
    }

    private static func directory(_ settings: Settings) -> Line {
        let path = settings.configMapPath
        let subject = "CONFIGMAP_PATH"
        let remedy = "mount the ConfigMap there, or set CONFIGMAP_PATH to the directory with the contracts"
        let number = clinux_open(path, O_RDONLY | O_DIRECTORY, 0)
        if number == -ENOENT {
            return .odd(subject, "\(path) does not exist yet, and the manager would wait for it; \(remedy)")
        }
        guard number >= 0 else {
            let reason =
                switch -number {
                case ENOTDIR: "is not a directory"
                case EACCES: "may not be read by uid \(geteuid())"
                default: "cannot be read (\(SystemError(call: "open", number: -number)))"
                }
            return .failed(subject, "\(path) \(reason); \(remedy)")
        }
        close(number)
        let count = DirectoryListing.names(in: path).filter { ContractGrouping.reasonToIgnore($0) == nil }.count
        guard count > 0 else { return .odd(subject, "\(path) holds no file that ends in .json") }
        return .good(subject, "\(path), \(counted(count, "file")) that end\(count == 1 ? "s" : "") in .json")
    }

    private static func stateDirectory(_ settings: Settings) -> [Line] {
        let subject = "STATE_DIR"
        let look = StateLook(setting: settings.stateDirectory)
        guard let directory = look.directory else {
            let remedy = look.error?.remedy.map { "; \($0)" } ?? ""
            return [.failed(subject, (look.error?.description ?? "") + remedy)]
        }
        if let holder = look.holder {
            return [.failed(subject, "\(directory.path): another manager owns it: \(holder)", .alreadyOwned)]
        }
        return [.good(subject, directory.path + (look.exists ? "" : ", to be created"))]
    }

    private static func workers(_ settings: Settings) -> Line {
        do throws(SupervisorSetup.Failure) {
            return .good("workers", "all in \(try SupervisorSetup.workerDirectory(settings))")
        } catch {
            return .failed("workers", error.message, error.code)
        }
    }

    private static func port(_ settings: Settings) -> Line {
        switch PortLook(settings) {
        case .free(let port): .good("HEALTH_PORT", "\(settings.healthHost) port \(port) is free")
        case .refused(let error): .failed("HEALTH_PORT", error.description, .systemFailure)
        }
    }
}
