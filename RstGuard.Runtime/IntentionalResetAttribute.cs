namespace RstGuard;

/// <summary>
/// Says that the code below it resets connections on purpose, so that rules RST1xxx and RST2002 stay silent there. The rules
/// recognise the attribute by its name; a project that has no reference to this package may declare its own.
/// </summary>
/// <param name="reason">Why a reset is wanted; a reader will look for it.</param>
[AttributeUsage(
    AttributeTargets.Assembly | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Method | AttributeTargets.Constructor | AttributeTargets.Property | AttributeTargets.Field,
    Inherited = false)]
public sealed class IntentionalResetAttribute(string reason) : Attribute
{
    /// <summary>Why a reset is wanted.</summary>
    public string Reason { get; } = reason;
}
