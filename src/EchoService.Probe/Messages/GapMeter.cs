using EchoService.Probe.Clients;

namespace EchoService.Probe.Messages;

/// <summary>The longest that a client waited for an answer that was due; instants and durations in nanoseconds.</summary>
internal struct GapMeter
{
    /// <summary>Since when an answer that is due has been waited for; 0 where none is.</summary>
    private long _waitingSince;
    private long _longest;
    private long _began;

    public void Due(long at)
    {
        if (_waitingSince == 0)
        {
            _waitingSince = at;
        }
    }

    /// <param name="now">When the answer came.</param>
    /// <param name="moreIsDue">Whether another is waited for.</param>
    public void Answered(long now, bool moreIsDue)
    {
        if (_waitingSince != 0 && now - _waitingSince > _longest)
        {
            (_longest, _began) = (now - _waitingSince, _waitingSince);
        }

        _waitingSince = moreIsDue ? now : 0;
    }

    /// <summary>Adds the longest up to now, one that has not ended included.</summary>
    public readonly void AddTo(RunSample sample, long now)
    {
        sample.SeeGap(_longest, _began);
        if (_waitingSince != 0)
        {
            sample.SeeGap(now - _waitingSince, _waitingSince);
        }
    }
}
