import Glibc
import Shared
import SharedHTTP

/// What all watches of a source share: libcurl, the credentials, the time of the present turn.
final class KubernetesSession {
    let curl: CurlMulti
    var client: KubernetesClient
    var jitter: JitterSource
    var now: MonotonicTime
    /// The API refused the token: its file is to be read again.
    var wantsToken = false
    private var messages: [WatcherMessage] = []

    init(_ client: KubernetesClient, now: MonotonicTime) throws(TransportError) {
        curl = try CurlMulti()
        self.client = client
        self.now = now
        jitter = JitterSource(seed: UInt64(bitPattern: now.nanoseconds) ^ UInt64(UInt32(bitPattern: getpid())) << 32)
    }

    func log(_ message: WatcherMessage) { messages.append(message) }

    func takeMessages() -> [WatcherMessage] {
        defer { messages = [] }
        return messages
    }
}
