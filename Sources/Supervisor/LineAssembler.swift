import Shared

/// Cuts a stream of bytes into whole lines.
///
/// A line longer than ``LogLineHandler/maximumLineBytes`` is handed on in pieces of that size: nothing is lost and
/// nothing grows without bound.
struct LineAssembler {
    private var partial: [UInt8] = []

    /// Calls `body` with each whole line, without its newline.
    mutating func append(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        var rest = bytes
        while let newline = rest.firstIndex(of: 0x0A) {
            if partial.isEmpty {
                emit(rest[..<newline], body)
            } else {
                partial += rest[..<newline]
                emit(partial[...], body)
                partial.removeAll(keepingCapacity: true)
            }
            rest = rest[(newline + 1)...]
        }
        partial += rest
        while partial.count >= LogLineHandler.maximumLineBytes {
            body(partial.prefix(LogLineHandler.maximumLineBytes))
            partial.removeFirst(LogLineHandler.maximumLineBytes)
        }
    }

    /// What is left when the writer died in the middle of a line.
    mutating func flush(_ body: (ArraySlice<UInt8>) -> Void) {
        guard !partial.isEmpty else { return }
        emit(partial[...], body)
        partial.removeAll()
    }

    private func emit(_ line: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        var rest = line
        while rest.count > LogLineHandler.maximumLineBytes {
            body(rest.prefix(LogLineHandler.maximumLineBytes))
            rest = rest.dropFirst(LogLineHandler.maximumLineBytes)
        }
        body(rest)
    }
}
