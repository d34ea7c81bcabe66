using EchoService.Probe.Measurement;

namespace EchoService.Probe.Clients;

/// <summary>Posts messages at a fixed rate, whether or not any were answered: an open loop.</summary>
/// <remarks>
/// It has a thread of its own: timers of the runtime are several milliseconds coarse, and a pacer that queued behind
/// completions in a thread pool would be late whenever the server keeps the probe busy, which is when it matters.
/// </remarks>
internal sealed class Pacer
{
    /// <summary>
    /// A message may leave this much ahead of its time, and its latency counts from then. Sleeping is a millisecond
    /// coarse, so the choice is between this, a busy wait, and measuring our own sleep as the server's latency.
    /// </summary>
    private const long Ahead = Clock.Millisecond;

    /// <summary>How soon a stop is noticed.</summary>
    private const long LongestSleep = 50 * Clock.Millisecond;

    private readonly Action<long, long> _post;
    private readonly double _period;
    private readonly long _start;
    private readonly long _end;
    private readonly Thread _thread;
    private volatile bool _abandoned;
    private long _worstLag;

    /// <param name="post">Given the number of a message, from 0, and when it is due.</param>
    /// <param name="rate">Messages per second.</param>
    /// <param name="start">When the first is due.</param>
    /// <param name="duration">None is due from <paramref name="start"/> plus this on.</param>
    public Pacer(Action<long, long> post, double rate, long start, long duration)
    {
        _post = post;
        _period = Clock.Second / rate;
        _start = start;
        _end = start + duration;
        _thread = new Thread(Run) { IsBackground = true, Name = "pacer" };
    }

    /// <summary>The longest that a message was posted after its time: the probe's own delay, part of the latencies reported.</summary>
    public long WorstLag => Volatile.Read(ref _worstLag);

    public void Start() => _thread.Start();

    /// <summary>
    /// Waits until all that was due is posted, if the pacer has fallen behind: to leave it out would hide what held it up.
    /// </summary>
    public void Finish() => _thread.Join();

    /// <summary>Ends at once, before its time.</summary>
    public void Abandon()
    {
        _abandoned = true;
        _thread.Join();
    }

    private void Run()
    {
        for (long index = 0; !_abandoned;)
        {
            var due = _start + (long)(index * _period);
            if (due >= _end)
            {
                return;
            }

            var wait = due - Ahead - Clock.Now;
            if (wait > 0)
            {
                Thread.Sleep((int)Math.Ceiling(Math.Min(wait, LongestSleep) / (double)Clock.Millisecond));
                continue;
            }

            Volatile.Write(ref _worstLag, Math.Max(_worstLag, -wait - Ahead));
            _post(index++, due);
        }
    }
}
