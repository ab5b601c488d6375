import Glibc
import Shared

/// Writes the desired set to the shared state: first the contracts' bytes, then the section that names them.
///
/// What cannot be written stays in memory and is tried again; the watcher never stops over it.
final class DesiredSetRecorder {
    private let directory: StateDirectory
    private let writer: StateWriter<SourceState>
    private let store: ContractStore
    private var waitingContents: [String: [UInt8]] = [:]
    private var waitingState: SourceState?
    /// The contents that the section names, and those it named before they became these.
    private var committed: Set<String>
    private var superseded: Set<String> = []
    /// The files of the contents that this process has written or compared, as they were then.
    private var compared: [String: FileStamp] = [:]
    /// Contents whose files are not what this process wrote, until they are stored again.
    private var touched: Set<String> = []
    private var storeError: StateError?

    /// Takes the section's lock.
    ///
    /// - Throws: `locked` when somebody else owns the section; nothing else.
    init(directory: StateDirectory, run: String) throws(StateError) {
        self.directory = directory
        writer = try StateWriter<SourceState>(directory: directory, run: run)
        store = ContractStore(directory: directory)
        previous = writer.previousContent()
        committed = Set(previous?.pairs.compactMap(\.sha256) ?? [])
    }

    /// What the section held at the start, of whatever run.
    let previous: SourceState?

    /// Why something is not written yet; `nil` when all is.
    var problem: StateError? { storeError.map { directory.explained($0) } ?? writer.lastError }

    /// Forgets the files that somebody has changed or removed since they were written, so that the next reading stores
    /// them again. Costs an lstat(2) for each.
    ///
    /// - Returns: Whether there are any.
    func findsTouchedFiles() -> Bool {
        let touched = compared.filter { sha256, stamp in
            committed.contains(sha256) && store.status(of: sha256).map(FileStamp.init) != stamp
        }
        for sha256 in touched.keys { compared[sha256] = nil }
        self.touched.formUnion(touched.keys)
        self.touched.formIntersection(committed)
        return !self.touched.isEmpty
    }

    /// Some contracts of `state` are neither stored nor waiting to be: somebody emptied the directory, or cut a file.
    func lacksContents(of state: SourceState) -> Bool {
        state.pairs.contains { pair in
            guard let sha256 = pair.sha256, waitingContents[sha256] == nil else { return false }
            return touched.contains(sha256) || !store.holds(sha256, count: pair.bytes)
        }
    }

    /// Stores `contents`, then commits `state` unless it is `nil`.
    func record(_ contents: [String: [UInt8]], _ state: SourceState?) {
        if let state {
            waitingState = state
            let named = Set(state.pairs.compactMap(\.sha256))
            waitingContents = waitingContents.filter { named.contains($0.key) }
        }
        waitingContents.merge(contents) { _, new in new }
        flush()
    }

    /// Tries again what waits, and repairs the section if the file was replaced or damaged. Call it each turn.
    func retry() {
        if waitingState == nil, waitingContents.isEmpty {
            writer.retryIfNeeded()
        } else {
            flush()
        }
    }

    /// Contracts are left to be stored, although nothing keeps them from it: the loop must turn in between.
    private(set) var isUnfinished = false
    /// So long one turn may take: a heartbeat is due every 10 s, and a slow disk takes milliseconds for each file.
    private static let patience = Duration.seconds(3)

    private func flush() {
        storeError = nil
        isUnfinished = false
        let began = MonotonicTime.now()
        for (sha256, bytes) in waitingContents.sorted(by: { $0.key < $1.key }) {
            do throws(StateError) {
                try store.store(bytes, sha256: sha256, comparing: compared[sha256] == nil)
                compared[sha256] = store.status(of: sha256).map(FileStamp.init)
                touched.remove(sha256)
                waitingContents[sha256] = nil
                if MonotonicTime.now() - began >= Self.patience, !waitingContents.isEmpty {
                    isUnfinished = true
                    return
                }
            } catch {
                storeError = error
                return
            }
        }
        guard let state = waitingState else { return writer.retryIfNeeded() }
        // From here on the writer keeps the content and its error.
        waitingState = nil
        do throws(StateError) { try writer.commit(state) } catch { return }
        let named = Set(state.pairs.compactMap(\.sha256))
        if named != committed { superseded = committed }
        committed = named
        let kept = committed.union(superseded)
        compared = compared.filter { kept.contains($0.key) }
        store.removeAll(except: kept)
    }
}
