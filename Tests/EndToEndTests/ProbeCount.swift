import CLinux
import Glibc
import Shared
import TestSupport

/// Probes as the kubelet sends them: a new connection each, one second, and what became of them.
struct ProbeCount: CustomStringConvertible {
    private(set) var answered = 0
    private(set) var refused = 0
    private(set) var timedOut = 0
    /// Accepted by a process that died before it answered.
    private(set) var cut = 0
    private(set) var mostCutInARow = 0
    private var cutInARow = 0

    /// Sends one probe to `/liveness`.
    mutating func probe(port: UInt16) {
        let deadline = MonotonicTime.now() + .seconds(1)
        let socket: TestSocket
        do {
            socket = try TestSocket(host: "127.0.0.1", port: port, deadline: deadline)
        } catch {
            refused += 1
            return
        }
        var text = ""
        do {
            let request = "GET /liveness HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
            try socket.write(Array(request.utf8), deadline: deadline)
            while true {
                let bytes = try socket.read(deadline: deadline)
                if bytes.isEmpty { break }
                text += String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            if MonotonicTime.now() >= deadline {
                timedOut += 1
                return
            }
        }
        if text.hasPrefix("HTTP/1.1 200") {
            answered += 1
            cutInARow = 0
        } else {
            cut += 1
            cutInARow += 1
            mostCutInARow = max(mostCutInARow, cutInARow)
        }
    }

    var description: String {
        "\(answered) answered, \(refused) refused, \(timedOut) timed out, \(cut) cut (most in a row \(mostCutInARow))"
    }
}
