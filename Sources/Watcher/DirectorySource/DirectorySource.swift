import CLinux
import Glibc
import Shared

/// A directory of contracts: inotify where there is one, a slow poll behind it, and a reader.
final class DirectorySource: WatchedSource {
    let summary: String
    let descriptor: Int32
    private let reader: DirectoryReader
    private let epoll: FileDescriptor
    private var watch: DirectoryWatch?
    private var watchProblem: SystemError?
    private var nextWatchAttempt: MonotonicTime
    private var schedule: DirectorySchedule
    private var signature = DirectorySignature()
    private var layout = DirectoryLayout.absent
    private let makeWatch: (String) throws(SystemError) -> DirectoryWatch

    /// How often an inotify instance is asked for while there is none.
    static let watchRetry = Duration.seconds(60)

    /// - Parameters:
    ///   - place: What the operator wrote, for messages.
    ///   - makeWatch: Replaced by tests that have no inotify.
    init(
        path: String,
        place: String,
        limits: DirectoryLimits = DirectoryLimits(),
        now: MonotonicTime,
        makeWatch: @escaping (String) throws(SystemError) -> DirectoryWatch = { path throws(SystemError) in
            try DirectoryWatch(path: path)
        }
    ) throws(SystemError) {
        summary = "directory \(path)"
        reader = DirectoryReader(path: path, place: place, limits: limits)
        epoll = FileDescriptor(owning: try checked("epoll_create1", "", clinux_epoll_create()))
        descriptor = epoll.number
        schedule = DirectorySchedule(now: now)
        nextWatchAttempt = now
        self.makeWatch = makeWatch
    }

    var deadline: MonotonicTime { schedule.deadline }

    func wait(upTo duration: Duration, besides other: Int32) throws(SystemError) {
        var entries = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Rounded up: waking a fraction of a millisecond early would be one turn for nothing.
        let milliseconds = Int32(clamping: max(0, (duration.nanoseconds + 999_999) / 1_000_000))
        if poll(&entries, 2, milliseconds) < 0, errno != EINTR { throw SystemError(call: "poll", number: errno) }
    }

    func lookAgain(now: MonotonicTime) { schedule.handle(.overflow, now: now) }

    func turn(now: MonotonicTime) -> SourceReading? {
        for sign in signs() { schedule.handle(sign, now: now) }
        if schedule.action(now: now) == .look {
            arm(now)
            schedule.didLook(difference(), now: now)
        }
        guard case .read(let since) = schedule.action(now: now) else { return nil }
        // Before reading: what happens from here on makes an event, what happened until here is read.
        arm(now)
        let reading = reader.read()
        schedule.didRead(isUnsettled: reading.isUnsettled, now: now)
        signature = reading.signature
        layout = reading.layout
        var result = SourceReading(
            outcome: reading.outcome,
            warnings: reading.warnings + watchWarning,
            since: since,
            retries: reading.retries
        )
        result.origin = .directory(summary)
        return result
    }

    private func signs() -> [DirectorySign] {
        guard let watch, let target = watch.target else { return [] }
        let subject: DirectorySign.Subject =
            switch target {
            case .directory: .directory(layout)
            case .ancestor(_, let entry): .ancestor(entry: entry)
            }
        return watch.events().map { DirectorySign($0, subject: subject) }
    }

    /// What a poll finds that no event told.
    private func difference() -> DirectorySign {
        let present = reader.signature()
        if present == signature { return .none }
        return present.link != nil && present.link != signature.link ? .swapped : .changed
    }

    // MARK: - inotify

    private func arm(_ now: MonotonicTime) {
        if watch == nil {
            guard now >= nextWatchAttempt else { return }
            nextWatchAttempt = now + Self.watchRetry
        }
        do throws(SystemError) {
            if let watch {
                try watch.arm()
            } else {
                let new = try makeWatch(reader.path)
                try new.arm()
                try checked("epoll_ctl", "", clinux_epoll_add(descriptor, new.number, EPOLLIN.rawValue, 0))
                watch = new
            }
            watchProblem = nil
        } catch {
            // Closing the instance takes it out of the epoll.
            watch = nil
            watchProblem = error
            nextWatchAttempt = now + Self.watchRetry
        }
    }

    private var watchWarning: [String] {
        guard let watchProblem else { return [] }
        let sysctl = watchProblem.number == EMFILE ? "fs.inotify.max_user_instances" : "fs.inotify.max_user_watches"
        return [
            "no inotify on this node (\(watchProblem)): changes are found by a look every 5 seconds; raise the node's "
                + "\(sysctl) to have them at once"
        ]
    }
}
