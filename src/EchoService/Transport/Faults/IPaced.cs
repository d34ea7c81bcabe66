namespace EchoService.Transport.Faults;

/// <summary>Something whose time comes.</summary>
internal interface IPaced
{
    /// <summary>It has come. Called by the <see cref="Pacer"/> on its thread, which must not be held up.</summary>
    public void OnDue();
}
