namespace EchoService.Transport.Faults;

/// <summary>
/// What is to happen at a time exact to about a millisecond, for all connections under a fault: one queue by time, and
/// one thread that sleeps until the first is due. The heartbeat is too coarse for that, and a timer per message too dear.
/// </summary>
/// <remarks>The thread is there while something waits, and for a second longer.</remarks>
internal sealed class Pacer(TimeProvider timeProvider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private readonly PriorityQueue<IPaced, long> _queue = new();
    private long _sleepsUntil = long.MaxValue;
    private bool _isRunning;

    /// <summary>Time stamps per second.</summary>
    public long Frequency => timeProvider.TimestampFrequency;

    /// <summary>The time, in its own unit: see <see cref="Frequency"/>.</summary>
    public long Now => timeProvider.GetTimestamp();

    /// <summary>A time as a number of time stamps.</summary>
    public long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Frequency);

    /// <summary>Has <paramref name="item"/> told when it is <paramref name="at"/>, or at once where that has passed.</summary>
    public void Schedule(IPaced item, long at)
    {
        lock (_gate)
        {
            _queue.Enqueue(item, at);
            if (!_isRunning)
            {
                _isRunning = true;
                new Thread(Run) { IsBackground = true, Name = "Faults" }.UnsafeStart();
            }
            else if (at < _sleepsUntil)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Has all that waits told now, in the order in which they would have been.</summary>
    public void Hasten()
    {
        lock (_gate)
        {
            var waiting = new IPaced[_queue.Count];
            for (var i = 0; i < waiting.Length; i++)
            {
                waiting[i] = _queue.Dequeue();
            }

            for (var i = 0; i < waiting.Length; i++)
            {
                _queue.Enqueue(waiting[i], long.MinValue + i);
            }

            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } item)
        {
            item.OnDue();
        }
    }

    /// <summary>Waits for the next that is due; null when none has come for long.</summary>
    private IPaced? Next()
    {
        lock (_gate)
        {
            while (true)
            {
                var wait = Patience;
                if (_queue.TryPeek(out var item, out var at))
                {
                    var now = Now;
                    if (at <= now)
                    {
                        return _queue.Dequeue();
                    }

                    wait = TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling((at - now) * 1000.0 / Frequency), Patience.TotalMilliseconds));
                }

                _sleepsUntil = item is null ? long.MaxValue : at;
                var pulsed = Monitor.Wait(_gate, wait);
                _sleepsUntil = long.MinValue;
                if (!pulsed && _queue.Count == 0)
                {
                    _isRunning = false;
                    return null;
                }
            }
        }
    }
}
