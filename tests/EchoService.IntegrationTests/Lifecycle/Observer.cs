using EchoService.Transport;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>What a test wants to do when the data plane tells a time; by itself nothing.</summary>
internal sealed class Observer : IConnectionObserver
{
    public Action OnTurnaround { get; set; } = static () => { };

    public Action OnDuration { get; set; } = static () => { };

    public void RecordTurnaround(TimeSpan turnaround) => OnTurnaround();

    public void RecordDuration(TimeSpan duration) => OnDuration();
}
