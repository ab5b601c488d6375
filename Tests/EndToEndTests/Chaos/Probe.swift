import Glibc
import Shared
import TestSupport

/// One probe and what became of it.
struct Probe: Equatable, Sendable {
    var began: MonotonicTime
    var ended: MonotonicTime
    var outcome: Outcome
    /// How long the whole machine stood still meanwhile (``MachineWatch``).
    var stall: Duration = .zero

    enum Outcome: Equatable, Sendable {
        /// A whole status line came, with this code.
        case answered(Int)
        /// No connection.
        case refused
        /// Nothing within the second.
        case timedOut
        /// Connected, then ended without an answer: by a process that died with it.
        case cut
    }

    /// A third of the time in which nothing here had a turn: not the health server's fault.
    var isLostToTheMachine: Bool { outcome == .timedOut && stall >= Self.timeout / 3 }

    var isAnswered: Bool { if case .answered = outcome { true } else { false } }

    /// The kubelet's default `timeoutSeconds`.
    static let timeout = Duration.seconds(1)

    /// Sends one.
    static func send(port: UInt16) -> Probe {
        let watch = MachineWatch.shared
        let began = MonotonicTime.now()
        let outcome = outcome(port: port, deadline: began + timeout)
        let ended = MonotonicTime.now()
        return Probe(began: began, ended: ended, outcome: outcome, stall: watch.stall(from: began, until: ended))
    }

    private static func outcome(port: UInt16, deadline: MonotonicTime) -> Outcome {
        let socket: TestSocket
        do {
            socket = try TestSocket(host: "127.0.0.1", port: port, deadline: deadline)
        } catch TestSupportError.timedOut {
            return .timedOut
        } catch {
            return .refused
        }
        var text = ""
        do {
            let request = "GET /liveness HTTP/1.1\r\nHost: probe\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\n"
            try socket.write(Array("\(request)Connection: close\r\n\r\n".utf8), deadline: deadline)
            while true {
                let bytes = try socket.read(deadline: deadline)
                if bytes.isEmpty { break }
                text += String(decoding: bytes, as: UTF8.self)
            }
        } catch TestSupportError.timedOut {
            return .timedOut
        } catch {
            // Reset: judged by what had come.
        }
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let code = Int(words[1]) else { return .cut }
        return .answered(code)
    }
}
