import ArgumentParser
import Glibc
import NIOCore
import Shared

/// The command line of `local-broker`.
struct LocalBrokerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "local-broker",
        abstract: "A small Pact Broker for tests, demos and laptops, with faults at run time.",
        discussion: """
            The first line on standard output is `listening on http://HOST:PORT`. SIGTERM and SIGINT stop it: exit 0.
            Exit 64 wrong usage, 71 the port is taken or another system call failed, 75 the directory is in use.

            \(FaultCommand.help)
            """,
        version: BuildVersion.number
    )

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port: UInt16

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Keeps everything in this directory; without it, in memory.")
    var directory: String?

    @Option(help: "With --password: the user who may read and write. Without them, everybody may.")
    var username: String?

    @Option(help: "The password of --username.")
    var password: String?

    @Option(help: "With --read-only-password: a user who may only read.")
    var readOnlyUsername: String?

    @Option(help: "The password of --read-only-username.")
    var readOnlyPassword: String?

    @Flag(
        help:
            "Changed content may be published under an existing version, as with allow_dangerous_contract_modification."
    )
    var allowContentChanges = false

    @Option(
        help: "What an older broker lacks: publish-contracts, dependencies or branches. May be given several times."
    )
    var without: [LeftOut] = []

    @Option(help: ArgumentHelp("The port opens only so many seconds after the start.", valueName: "seconds"))
    var startDelay: Double = 0

    @Flag(help: "No line per request on standard error.")
    var quiet = false

    @Flag(help: "Also stops when standard input ends, so that it does not outlive whoever started it.")
    var untilStdinCloses = false

    func validate() throws {
        if (username == nil) != (password == nil) {
            throw ValidationError("--username and --password belong together")
        }
        if (readOnlyUsername == nil) != (readOnlyPassword == nil) || (readOnlyUsername != nil && username == nil) {
            throw ValidationError("--read-only-username needs --read-only-password, --username and --password")
        }
        if !(0...86_400).contains(startDelay) {
            throw ValidationError("--start-delay must be from 0 to 86400 seconds, not \(startDelay)")
        }
    }

    func run() throws {
        // Before any thread exists: they inherit the mask.
        let signals = try SignalDescriptor([SIGTERM, SIGINT])
        if startDelay > 0, !quiet { Diagnostics.report("the port opens in \(startDelay) s") }
        if startDelay > 0, waitForEnd(signals, within: .milliseconds(Int64(startDelay * 1000))) { return }
        let server: BrokerServer
        do {
            server = try BrokerServer(options, host: host, port: Int(port), directory: directory)
        } catch let error as StoreDirectory.Failure {
            fail(error, .alreadyOwned)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            let advice = "stop what listens there, or choose another with --port (0 takes a free one)"
            fail("port \(port) on \(host) is taken: \(advice)", .systemFailure)
        } catch {
            fail("cannot start on \(host):\(port): \(error)", .systemFailure)
        }
        try writeAll(STDOUT_FILENO, "listening on http://\(address):\(server.port)\n", subject: "stdout")
        _ = waitForEnd(signals, within: nil)
        try server.stop()
    }

    private var options: BrokerOptions {
        var options = BrokerOptions()
        options.credentials.writer = user(username, password)
        options.credentials.reader = user(readOnlyUsername, readOnlyPassword)
        options.allowsContentChanges = allowContentChanges
        options.leftOut = Set(without)
        options.isQuiet = quiet
        return options
    }

    private func user(_ name: String?, _ password: String?) -> Credentials.User? {
        guard let name, let password, !name.isEmpty else { return nil }
        return Credentials.User(name: name, password: password)
    }

    /// An address that can be connected to.
    private var address: String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }

    /// Waits for a signal, or the end of standard input if that was asked for.
    ///
    /// - Returns: False if the time was up first.
    private func waitForEnd(_ signals: SignalDescriptor, within limit: Duration?) -> Bool {
        let deadline = limit.map { MonotonicTime.now() + $0 }
        while true {
            var entries = [pollfd(fd: signals.number, events: Int16(POLLIN), revents: 0)]
            if untilStdinCloses { entries.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
            let left = deadline.map { max(0, ($0 - MonotonicTime.now()).milliseconds) }
            let count = poll(&entries, nfds_t(entries.count), left.map { Int32(clamping: $0) } ?? -1)
            if count == 0 { return false }
            if signals.next() != nil { return true }
            if untilStdinCloses, entries[1].revents != 0 {
                var buffer = [UInt8](repeating: 0, count: 1024)
                if read(STDIN_FILENO, &buffer, buffer.count) <= 0 { return true }
            }
        }
    }

    private func fail(_ error: some CustomStringConvertible, _ code: Shared.ExitCode) -> Never {
        Diagnostics.report(error.description)
        Glibc.exit(code.rawValue)
    }
}

extension LeftOut: ExpressibleByArgument {}
