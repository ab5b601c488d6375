/// Who we are to the server. Given to curl as options: never part of a URL, a header of ours, an error or a log line.
package enum HTTPCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    case none
    case basic(username: String, password: String)
    case bearer(String)

    /// The kind alone.
    package var description: String {
        switch self {
        case .none: "no credentials"
        case .basic: "basic authentication"
        case .bearer: "a bearer token"
        }
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
