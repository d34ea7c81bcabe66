namespace EchoService.Probe.Clients;

/// <summary>One client of those that are held: a connection, or a flow of datagrams.</summary>
internal interface IHeldClient
{
    /// <summary>Runs until <paramref name="stop"/> and <see cref="Stop"/>.</summary>
    public Task RunAsync(CancellationToken stop);

    /// <summary>A message is due.</summary>
    public void Post(long dueAt);

    /// <summary>From now on keeps this many messages under way, for <c>load</c>; 0: no more are begun.</summary>
    public void KeepUnderWay(int messages);

    /// <summary>Gives up what has waited too long.</summary>
    public void Housekeep(long now);

    /// <summary>Ends it; what is outstanding stays unanswered.</summary>
    public void Stop();

    public void AddTo(RunSample sample, long now);
}
