namespace EchoService.Probe.Measurement;

/// <summary>
/// Measures how long the probe itself did not get to run: a thread that sleeps a moment at a time and notes by how much
/// it overslept. A starved processor, a suspended process and a paused machine all show here, and none is the server's.
/// </summary>
internal sealed class OwnLag : IDisposable
{
    private const long Nap = 5 * Clock.Millisecond;

    /// <summary>Sleeping is a millisecond coarse, and a busy machine a few more; that much is no lag.</summary>
    private const long Tolerance = 20 * Clock.Millisecond;

    private readonly Thread _thread;
    private volatile bool _stopped;
    private long _wakesAt = Clock.Now;
    private long _total;
    private long _worst;

    public OwnLag()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "own lag" };
    }

    /// <summary>The longest at a time, in nanoseconds.</summary>
    public long Worst => Volatile.Read(ref _worst);

    public void Start()
    {
        Volatile.Write(ref _wakesAt, Clock.Now + Nap);
        _thread.Start();
    }

    /// <summary>
    /// Nanoseconds lost up to <paramref name="now"/>; the lag that is still going on counts, since after a standstill the
    /// thread that reads an answer may run before the one that measures.
    /// </summary>
    public long Total(long now)
    {
        var overdue = _thread.IsAlive ? now - Volatile.Read(ref _wakesAt) : 0;
        return Volatile.Read(ref _total) + (overdue > Tolerance ? overdue : 0);
    }

    public void Dispose()
    {
        _stopped = true;
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        while (!_stopped)
        {
            Thread.Sleep((int)(Nap / Clock.Millisecond));
            var now = Clock.Now;
            var late = now - _wakesAt;
            // First the total: a reader between the two counts the lag twice for a moment, which is better than not at all.
            if (late > Tolerance)
            {
                Volatile.Write(ref _total, _total + late);
                Volatile.Write(ref _worst, Math.Max(_worst, late));
            }

            Volatile.Write(ref _wakesAt, now + Nap);
        }
    }
}
