internal import CCurl
internal import CLinux
internal import Glibc
internal import Shared

/// Names one transfer of a ``CurlMulti``.
package struct TransferID: Hashable, Sendable {
    let number: UInt64
}

/// A part of a streamed answer: first its head, without bytes, then its body. The bytes are valid during the call only.
package struct HTTPStreamPart {
    package var status: Int
    package var headers: HTTPHeaders
    package var bytes: UnsafeRawBufferPointer
}

/// Takes a stream piece by piece; `false` ends the transfer.
package typealias StreamReceiver = (HTTPStreamPart) -> Bool

/// libcurl's multi interface as the one wait point of a single-threaded loop: transfers, descriptors and a time.
///
/// `curl_easy_perform` is never used: it blocks. Belongs to one thread; only ``wakeup()`` may be called from others.
package final class CurlMulti {
    private let multi: UnsafeMutableRawPointer
    private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]
    private var lastID: UInt64 = 0

    /// What one turn of the loop brought.
    package struct Turn {
        /// Finished transfers.
        package var finished: [(id: TransferID, result: Result<HTTPResponse, TransportError>)] = []
        /// Descriptors that became readable or broke.
        package var ready: [Int32] = []
    }

    package init() throws(TransportError) {
        guard CurlMulti.isInitialized, let multi = curl_multi_init() else {
            throw TransportError(.other, "libcurl could not be initialised")
        }
        self.multi = multi
        ccurl_set_max_connections(multi, 4)
    }

    deinit {
        for transfer in transfers.values { curl_multi_remove_handle(multi, transfer.easy) }
        transfers = [:]
        curl_multi_cleanup(multi)
    }

    /// Transfers that have not finished.
    package var inFlight: Int { transfers.count }

    /// Begins a request; its end is in a later ``Turn``.
    ///
    /// - Parameter onChunk: Given, the body goes there instead of into the response, which is then empty.
    /// - Throws: When libcurl refuses an option, for example a URL that is none.
    package func start(
        _ request: HTTPRequest,
        onChunk: StreamReceiver? = nil
    ) throws(TransportError) -> TransferID {
        lastID += 1
        let transfer = try Transfer(request, id: TransferID(number: lastID), onChunk: onChunk)
        let code = curl_multi_add_handle(multi, transfer.easy)
        guard code == CURLM_OK else {
            throw TransportError(.other, "libcurl: \(String(cString: curl_multi_strerror(code)))")
        }
        transfers[transfer.easy] = transfer
        return transfer.id
    }

    /// Ends a transfer without a result; its connection is closed.
    package func cancel(_ id: TransferID) {
        for (easy, transfer) in transfers where transfer.id == id {
            curl_multi_remove_handle(multi, easy)
            transfers[easy] = nil
        }
    }

    /// Moves all transfers on, waits until something happens, at most `timeout`, and moves them on again.
    ///
    /// Returns at once with what has finished already. libcurl's own timers (time-outs, retries of a connect) are
    /// part of the wait.
    package func turn(waitingUpTo timeout: Duration, descriptors: [Int32] = []) -> Turn {
        var turn = Turn()
        perform(&turn)
        var wait = Int32(clamping: max(0, (timeout.nanoseconds + 999_999) / 1_000_000))
        // What a stream's receiver was given just now must not lie there until the next thing happens.
        if !turn.finished.isEmpty || takeStreamed() { wait = 0 }
        var descriptors = descriptors.map {
            curl_waitfd(fd: $0, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        }
        var ready: Int32 = 0
        curl_multi_poll(multi, &descriptors, UInt32(descriptors.count), wait, &ready)
        turn.ready = descriptors.filter { $0.revents != 0 }.map(\.fd)
        perform(&turn)
        return turn
    }

    private func takeStreamed() -> Bool {
        var hasStreamed = false
        for transfer in transfers.values where transfer.hasStreamed {
            hasStreamed = true
            transfer.hasStreamed = false
        }
        return hasStreamed
    }

    /// Ends the wait of ``turn(waitingUpTo:descriptors:)`` from another thread.
    package func wakeup() { curl_multi_wakeup(multi) }

    private func perform(_ turn: inout Turn) {
        guard !transfers.isEmpty else { return }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var code = CURLE_OK
        while let easy = ccurl_next_finished(multi, &code) {
            guard let transfer = transfers.removeValue(forKey: easy) else { continue }
            let result = transfer.finish(code)
            curl_multi_remove_handle(multi, easy)
            turn.finished.append((transfer.id, result))
        }
    }

    /// Gives threads that begin from now on a small stack. For a program's start, not for a library's: whoever works deep
    /// in a thread of their own, as a test runner does, would die of it.
    ///
    /// libcurl looks names up in threads, and one that asks a silent name server outlives its request by as long as
    /// resolv.conf says (10 s, or minutes). Five of them with 8 MiB of stack each used up a worker's memory limit of
    /// 40 MiB (measured); musl's programs get by with 128 KiB.
    package static func keepThreadsSmall() { _ = clinux_set_default_stack(512 * 1024) }

    /// Once per process. SIGPIPE is ignored because CURLOPT_NOSIGNAL leaves that to the program (a peer that closes
    /// while we send would otherwise kill it).
    private static let isInitialized: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return ccurl_global_init() == CURLE_OK
    }()
}
