using System.Reflection;
using Xunit.v3;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// Names what a test needs beyond the .NET SDK, and puts it into the category of that name. Where that is missing the
/// test is skipped and says how to get it, so that <c>dotnet test</c> alone is green on any machine; in continuous
/// integration, which installs it all, it fails.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class NeedsAttribute(Need need) : BeforeAfterTestAttribute, ITraitAttribute
{
    public Need Need => need;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Category", need.ToString())];

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => Requirements.Demand(need);
}
