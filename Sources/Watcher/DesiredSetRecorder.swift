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
    /// Contents whose files this process has written or compared.
    private var compared: Set<String> = []
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

    /// Some contracts of `state` are neither stored nor waiting to be: somebody emptied the directory, or cut a file.
    func lacksContents(of state: SourceState) -> Bool {
        state.pairs.contains { pair in
            guard let sha256 = pair.sha256, waitingContents[sha256] == nil else { return false }
            return !store.holds(sha256, count: pair.bytes)
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

    private func flush() {
        storeError = nil
        for (sha256, bytes) in waitingContents.sorted(by: { $0.key < $1.key }) {
            do throws(StateError) {
                try store.store(bytes, sha256: sha256, comparing: !compared.contains(sha256))
                compared.insert(sha256)
                waitingContents[sha256] = nil
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
        compared.formIntersection(kept)
        store.removeAll(except: kept)
    }
}
