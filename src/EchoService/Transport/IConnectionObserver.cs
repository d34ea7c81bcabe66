namespace EchoService.Transport;

/// <summary>
/// Is told the times that the data plane takes: the one way out for figures that are no counter. Whoever keeps metrics
/// implements it, so that the data plane knows of none.
/// </summary>
/// <remarks>Called on socket threads: implementations neither block, allocate nor throw.</remarks>
internal interface IConnectionObserver
{
    /// <summary>One message in <see cref="TransportCounters"/>' sample was echoed.</summary>
    /// <param name="turnaround">From the completion of its receive to the completion of its echo.</param>
    public void RecordTurnaround(TimeSpan turnaround);

    /// <summary>A connection ended.</summary>
    /// <param name="duration">From its accept to its end.</param>
    public void RecordDuration(TimeSpan duration);
}
