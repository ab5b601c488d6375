import ArgumentParser
import Glibc
import NIOCore
import Shared

/// The command line of `local-kubernetes`.
struct LocalKubernetesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "local-kubernetes",
        abstract: "The part of a Kubernetes API server that ConfigMaps need, for tests, with faults at run time.",
        discussion: """
            The first line on standard output is `listening on http://HOST:PORT`. SIGTERM and SIGINT stop it: exit 0.
            Exit 64 wrong usage, 71 the port is taken or another system call failed.

            \(FaultCommand.help)
            """,
        version: BuildVersion.number
    )

    /// What an older server lacks.
    enum LeftOut: String, ExpressibleByArgument, CaseIterable {
        case watchList = "watch-list"
        case watchListIgnored = "watch-list-ignored"
    }

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The token that may do everything.")
    var adminToken = "admin"

    @Option(help: ArgumentHelp("Service accounts, as in PUT /_admin/access.", valueName: "json"))
    var access: String?

    @Option(
        help: "An older server: watch-list refuses streaming lists with 422, watch-list-ignored does not know them."
    )
    var without: LeftOut?

    @Option(help: ArgumentHelp("Between two bookmarks of a watch.", valueName: "seconds"))
    var bookmarkInterval: Double = 60

    @Option(help: ArgumentHelp("So many events are kept for watches that resume.", valueName: "events"))
    var history = 1000

    @Option(help: "The version of the server before the first change.")
    var resourceVersion = 1

    @Option(help: ArgumentHelp("A read of a version from the future waits so long for it.", valueName: "seconds"))
    var tooLargeDelay: Double = 3

    @Option(help: "Objects and version outlive the server in this file; its history does not, as in a real one.")
    var state: String?

    @Flag(help: "No line per request on standard error.")
    var quiet = false

    @Flag(help: "Also stops when standard input ends, so that it does not outlive whoever started it.")
    var untilStdinCloses = false

    func validate() throws {
        if !(0.001...86_400).contains(bookmarkInterval) || !(0...86_400).contains(tooLargeDelay) {
            throw ValidationError("--bookmark-interval and --too-large-delay are seconds, at most a day")
        }
        if history < 1 || resourceVersion < 1 || adminToken.isEmpty {
            throw ValidationError("--history and --resource-version start at 1, and --admin-token is not empty")
        }
        _ = try accounts()
    }

    func run() throws {
        // Before any thread exists: they inherit the mask.
        let signals = try SignalDescriptor([SIGTERM, SIGINT])
        let server: KubernetesServer
        do {
            server = try KubernetesServer(try options(), host: host, port: Int(port))
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            fail("port \(port) on \(host) is taken: stop what listens there, or choose another with --port")
        } catch {
            fail("cannot start on \(host):\(port): \(error)")
        }
        let address = host.contains(":") ? "[\(host)]" : host
        try writeAll(STDOUT_FILENO, "listening on http://\(address):\(server.port)\n", subject: "stdout")
        waitForEnd(signals)
        try server.stop()
    }

    private func options() throws -> ServerOptions {
        var options = ServerOptions()
        options.administratorToken = adminToken
        options.accounts = try accounts()
        options.streamingLists =
            switch without {
            case nil: .served
            case .watchList: .refused
            case .watchListIgnored: .ignored
            }
        options.bookmarkInterval = .milliseconds(Int64(bookmarkInterval * 1000))
        options.tooLargeDelay = .milliseconds(Int64(tooLargeDelay * 1000))
        options.history = history
        options.version = resourceVersion
        options.stateFile = state.map { StoreFile(path: $0) }
        options.isQuiet = quiet
        return options
    }

    private func accounts() throws -> [AccessTable.Account] {
        guard let access else { return [] }
        do {
            return try AccessTable.accounts(try JSONReader.parse(Array(access.utf8)))
        } catch {
            throw ValidationError("--access: \(error)")
        }
    }

    /// Waits for a signal, or the end of standard input if that was asked for.
    private func waitForEnd(_ signals: SignalDescriptor) {
        while true {
            var entries = [pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)]
            if untilStdinCloses { entries.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
            _ = poll(&entries, nfds_t(entries.count), -1)
            if signals.next() != nil { return }
            if untilStdinCloses, entries[1].revents != 0 {
                var buffer = [UInt8](repeating: 0, count: 1024)
                if read(STDIN_FILENO, &buffer, buffer.count) <= 0 { return }
            }
        }
    }

    private func fail(_ text: String) -> Never {
        Diagnostics.report(text)
        Glibc.exit(Shared.ExitCode.systemFailure.rawValue)
    }
}
