/// How the server behaves, fixed at its start.
struct ServerOptions: Sendable {
    /// What becomes of `sendInitialEvents`.
    enum StreamingLists: Sendable {
        case served
        /// 422: a server without the feature.
        case refused
        /// A server that is too old to know the parameter.
        case ignored
    }

    var administratorToken = "admin"
    var accounts: [AccessTable.Account] = []
    var streamingLists = StreamingLists.served
    /// Between two bookmarks of a watch.
    var bookmarkInterval: Duration = .seconds(60)
    /// So many events are kept.
    var history = 1000
    /// The version of the server before the first change.
    var version = 1
    /// A read of a version from the future waits so long for it.
    var tooLargeDelay: Duration = .seconds(3)
    var stateFile: StoreFile?
    /// No line per request on standard error.
    var isQuiet = false
}
