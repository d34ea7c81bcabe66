using EchoService.Probe.Dialing;

namespace EchoService.Probe.Instances;

/// <summary><c>--banner</c> was given for a target that sends none: nothing could be told by instance.</summary>
internal sealed class NoBannerException(ProbeTarget target, string why)
    : Exception($"--banner: {target} is not a port with a banner: {why}. EchoService has one where Echo:BannerPort is set.");
