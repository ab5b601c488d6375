/// Probes sent one by one, and what became of them.
struct ProbeCount: CustomStringConvertible {
    private(set) var answered = 0
    private(set) var refused = 0
    private(set) var timedOut = 0
    /// Accepted by a process that died before it answered, or not answered with 200.
    private(set) var cut = 0
    private(set) var mostCutInARow = 0
    private var cutInARow = 0

    /// Sends one probe to `/liveness`.
    mutating func probe(port: UInt16) {
        let probe = Probe.send(port: port)
        guard !probe.isLostToTheMachine else { return }
        switch probe.outcome {
        case .refused: refused += 1
        case .timedOut: timedOut += 1
        case .answered(200):
            answered += 1
            cutInARow = 0
        case .answered, .cut:
            cut += 1
            cutInARow += 1
            mostCutInARow = max(mostCutInARow, cutInARow)
        }
    }

    var description: String {
        "\(answered) answered, \(refused) refused, \(timedOut) timed out, \(cut) cut (most in a row \(mostCutInARow))"
    }
}
