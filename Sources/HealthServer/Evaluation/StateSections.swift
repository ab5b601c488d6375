internal import Shared

/// The last good content of each section, of whichever run.
struct StateSections: Equatable, Sendable {
    var processes: ProcessesState?
    var source: SourceState?
    var broker: BrokerState?
    var publication: PublicationState?

    /// Only the sections that `run` wrote: another run's sections are history and never trusted (docs/state-file.md).
    func belonging(to run: String) -> StateSections {
        StateSections(
            processes: processes?.run == run ? processes : nil,
            source: source?.run == run ? source : nil,
            broker: broker?.run == run ? broker : nil,
            publication: publication?.run == run ? publication : nil
        )
    }
}
