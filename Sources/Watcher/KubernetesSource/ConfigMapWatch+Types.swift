import Shared
import SharedHTTP

extension ConfigMapWatch {
    /// Where the watch is in its life.
    enum Phase: Equatable, Sendable {
        /// Nothing is under way until then.
        case waiting(until: MonotonicTime)
        case listing
        /// The watch is asked for.
        case opening(since: MonotonicTime)
        /// It is open, and the initial state is not complete.
        case synchronizing
        case watching(since: MonotonicTime)
    }

    /// What happened.
    enum Input: Sendable {
        /// Time passed.
        case time
        /// The head of a 200 arrived.
        case opened
        /// Some bytes of the watch arrived, perhaps no whole line.
        case bytes
        case event(WatchEvent)
        /// A line that is no event or too long; one sentence.
        case unreadable(String)
        case ended(WatchEnd)
        case listed(Result<HTTPResponse, TransportError>)
        case got(Result<HTTPResponse, TransportError>)
        /// The token's file holds another one now.
        case credentialsChanged
        /// Another ConfigMap's watch got through.
        case reachable
    }

    /// How a watch came to its end.
    enum WatchEnd: Sendable {
        /// As the server meant it.
        case clean
        /// Any answer but 200.
        case answer(HTTPResponse)
        case failed(TransportError)
    }

    /// What to do, in this order.
    enum Action: Equatable, Sendable {
        case watch(WatchRequest)
        case list
        case get
        /// The watch, the LIST and the GET, whichever is under way.
        case cancel
        /// Read the token's file again, whatever its times say.
        case refreshCredentials
        /// ``ConfigMapWatch/object`` is what the API says; `nil`: there is none.
        case deliver
        case log(WatcherMessage)
    }
}

/// A watch to ask for.
struct WatchRequest: Equatable, Sendable {
    var start: Start
    /// After that the server ends it.
    var timeoutSeconds: Int
    /// Not on a connection that may be dead.
    var needsNewConnection: Bool

    enum Start: Equatable, Sendable {
        /// The state, a bookmark, then changes: `sendInitialEvents`.
        case initialEvents
        /// What happened since that version.
        case version(String)
        /// The state as it is, if there is one, then changes; nothing tells where the state ends.
        case present
    }
}
