namespace EchoService.Probe.Clients;

/// <summary>The clients of one population at one target.</summary>
internal interface IClients : IDisposable
{
    /// <summary>Runs until <paramref name="stop"/> and <see cref="Stop"/>.</summary>
    public Task RunAsync(CancellationToken stop);

    /// <summary>Message number <paramref name="index"/>, from 0, is due.</summary>
    public void Post(long index, long dueAt);

    /// <summary>Gives up what has waited too long.</summary>
    public void Housekeep(long now);

    /// <summary>Ends every connection; what is outstanding stays unanswered.</summary>
    public void Stop();

    public void AddTo(RunSample sample, long now);
}
