using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Guard;

public sealed class ResetRulesTests
{
    [Fact]
    public void TableAndCatalogue_AreEachOthersInverse()
    {
        IEnumerable<(CloseOrigin, ResetCause, string)> catalogue =
            from rule in Catalogue.Rules
            from origin in rule.Origins
            from cause in rule.Causes
            select (Enum.Parse<CloseOrigin>(origin), Enum.Parse<ResetCause>(cause), rule.Descriptor.Id);

        Assert.Equal(catalogue.Order(), ResetRules.Table.Order());
    }

    [Fact]
    public void PageOfARule_IsItsHelpLink() =>
        Assert.All(Catalogue.Rules, rule => Assert.Equal(rule.Descriptor.HelpLinkUri, ResetRules.PageOf(rule.Descriptor.Id)));
}
