using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Guard;

public sealed class ResetRulesTests
{
    /// <summary>Each row is one of the catalogue's; that none is missing for a rule is <see cref="CatalogueTests"/>'s.</summary>
    [Fact]
    public void EachRow_IsOfTheCatalogue_AndThereOnce()
    {
        Assert.Equal(ResetRules.Table.Distinct(), ResetRules.Table);
        Assert.All(ResetRules.Table, row =>
        {
            CatalogueEntry rule = Catalogue.Find(row.Rule)!;
            Assert.True(
                rule.Origins.Contains(row.Origin.ToString()) && rule.Causes.Contains(row.Cause.ToString()),
                $"{row.Rule}: ResetRules has {row.Origin} with {row.Cause}, the catalogue {string.Join(", ", rule.Origins)} with {string.Join(", ", rule.Causes)}.");
        });
    }

    [Fact]
    public void RulesOfAReset_AreSorted_AndNoneWhereNoRuleIsAboutIt()
    {
        Assert.All(ResetRules.Table, row =>
        {
            IReadOnlyList<string> rules = ResetRules.For(row.Origin, row.Cause);
            Assert.Contains(row.Rule, rules);
            Assert.Equal(rules.Order(StringComparer.Ordinal), rules);
        });
        Assert.Empty(ResetRules.For(CloseOrigin.Plain, ResetCause.Forged));
    }

    [Fact]
    public void PageOfARule_IsItsHelpLink() =>
        Assert.All(Catalogue.Rules, rule => Assert.Equal(rule.Descriptor.HelpLinkUri, ResetRules.PageOf(rule.Descriptor.Id)));
}
