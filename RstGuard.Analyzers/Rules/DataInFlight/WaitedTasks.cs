using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>The tasks that a call of <c>WhenAny</c> waits for, as they are written.</summary>
internal static class WaitedTasks
{
    internal static IEnumerable<IOperation> Of(IInvocationOperation wait)
    {
        foreach (IArgumentOperation argument in wait.Arguments)
        {
            IOperation value = argument.Value.Unwrap();
            switch (value)
            {
                case IArrayCreationOperation { Initializer: { } elements }:
                    foreach (IOperation element in elements.ElementValues)
                    {
                        yield return element.Unwrap();
                    }

                    break;
                // params ReadOnlySpan<Task>, since .NET 9: the kind of its operation is newer than Roslyn 4.5.
                case { IsImplicit: true, Type.Name: "ReadOnlySpan" }:
                    foreach (IOperation element in value.ChildOperations)
                    {
                        yield return element.Unwrap();
                    }

                    break;
                default:
                    yield return value;
                    break;
            }
        }
    }
}
