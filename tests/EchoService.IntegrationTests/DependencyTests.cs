using System.Reflection;
using EchoService.Testcontainers;
using EchoService.Transport;
using NetArchTest.Rules;

namespace EchoService.IntegrationTests;

/// <summary>What may depend on what, as ARCHITECTURE.md draws it.</summary>
public sealed class DependencyTests
{
    private const string Transport = "EchoService.Transport";
    private const string Lifecycle = "EchoService.Lifecycle";
    private const string Diagnostics = "EchoService.Diagnostics";
    private const string Configuration = "EchoService.Configuration";
    private const string ControlPlane = "EchoService.ControlPlane";
    private const string AspNet = "Microsoft.AspNetCore";
    private const string Loop = "EchoService.Transport.Connections.EchoLoop";

    private static readonly Assembly Service = typeof(EchoServer).Assembly;

    [Theory]
    [InlineData(Transport, Lifecycle, Diagnostics, Configuration, ControlPlane, AspNet)]
    [InlineData(Lifecycle, Diagnostics, Configuration, ControlPlane, AspNet, Loop)]
    [InlineData(Configuration, Diagnostics, ControlPlane, Loop)]
    [InlineData(Diagnostics, Configuration, ControlPlane, Loop)]
    [InlineData(ControlPlane, Loop)]
    public void AFolderKnowsNothingOfThoseAboveIt(string folder, params string[] above) => Violations(folder, above).ShouldBeEmpty();

    [Theory]
    [InlineData("Addressing")]
    [InlineData("Buffers")]
    [InlineData("ProxyProtocol", "Addressing")]
    [InlineData("Udp", "Addressing", "Timing", "Faults", "Fairness")]
    [InlineData("Accepting", "Addressing", "Timing", "Faults")]
    [InlineData("Faults.Holds", "Faults", "Connections")]
    [InlineData("Fairness", "Connections")]
    [InlineData("Timing", "Connections", "Fairness")]
    public void ARoomOfTheDataPlaneKnowsFewOthers(string room, params string[] known)
    {
        var rooms = Service.GetTypes()
            .Select(type => type.Namespace)
            .Where(space => space is not null && space.StartsWith(Transport + ".", StringComparison.Ordinal))
            .Distinct()
            .Except(known.Append(room).Select(name => $"{Transport}.{name}"))
            .ToArray();
        rooms.ShouldNotBeEmpty();
        Violations($"{Transport}.{room}", rooms!).ShouldBeEmpty();
    }

    [Fact]
    public void TheModuleAndTheServiceKnowNothingOfEachOther()
    {
        var module = typeof(EchoManagementClient).Assembly;
        Ours(module).ShouldBeEmpty();
        Ours(Service).ShouldBeEmpty();

        static IEnumerable<string?> Ours(Assembly assembly) =>
            assembly.GetReferencedAssemblies().Select(reference => reference.Name).Where(name => name!.StartsWith("EchoService", StringComparison.Ordinal) || name == "echo-probe");
    }

    [Fact]
    public void ADependencyThatIsThereIsFound()
    {
        Violations(ControlPlane, Lifecycle).ShouldContain("EchoService.ControlPlane.Drain.DrainApi");
        Violations(Transport, Loop).ShouldContain(typeof(EchoServer).FullName);
    }

    private static IEnumerable<string> Violations(string folder, params string[] forbidden)
    {
        var types = Types.InAssembly(Service).That().ResideInNamespace(folder);
        types.GetTypes().ShouldNotBeEmpty();
        return types.ShouldNot().HaveDependencyOnAny(forbidden).GetResult().FailingTypeNames ?? [];
    }
}
