/** GraphQL's documents, and what they are sent in. */
import type { Given } from "./shapes.ts";

const ARGUMENTS =
  "($message: String!, $model: String, $interaction_id: ID, $max_tokens: Int) {" as const;
const PASSED =
  "(message: $message, model: $model, interaction_id: $interaction_id, max_tokens: $max_tokens)";

export const DO_CONVERSATION = `mutation ${ARGUMENTS}
  do_conversation${PASSED} {
    interaction { id title is_new created_at }
    message { id content model created_at }
    tokens_used points_cost cached
  }
}`;

export const SUBSCRIPTION = `subscription ${ARGUMENTS}
  conversation${PASSED} {
    type interaction_id is_new_interaction content tokens_used
    points_cost finish_reason cached model error code timestamp
  }
}`;

export const graphql =
  (query: string) =>
  (variables: Given): Given => ({ query, variables });
