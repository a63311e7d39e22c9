#include "launch/eval.h"

#include "launch/eval_tree.h"

static svar_ret_t
truth(bool is_true, svari_eval_value_t *out_value)
{
  *out_value = (svari_eval_value_t){.kind = SVARI_EVAL_BOOL, .integer = is_true};
  return SVAR_OK;
}

static svar_ret_t know(svari_arena_t *arena, svari_eval_node_t *node);

// The operand that decides: `or` yields the first that is true, `and` the first that is not, else the last.
static svar_ret_t
join(svari_arena_t *arena, svari_eval_node_t *node)
{
  SVAR_TRY(know(arena, node->left));
  bool decides = svari_eval_is_true(&node->left->value) == (node->form == SVARI_EVAL_OR);
  if (!decides) {
    SVAR_TRY(know(arena, node->right));
  }
  node->value = decides ? node->left->value : node->right->value;
  return SVAR_OK;
}

static svar_ret_t
choose(svari_arena_t *arena, svari_eval_node_t *node)
{
  SVAR_TRY(know(arena, node->condition));
  svari_eval_node_t *chosen =
      svari_eval_is_true(&node->condition->value) ? node->left : node->right;
  SVAR_TRY(know(arena, chosen));
  node->value = chosen->value;
  return SVAR_OK;
}

static svar_ret_t
find(svari_arena_t *arena, svari_eval_node_t *node)
{
  SVAR_TRY(know(arena, node->left));
  bool is_found = false;
  if (node->right->form != SVARI_EVAL_LIST) {
    SVAR_TRY(know(arena, node->right));
    SVAR_TRY(svari_eval_is_part(&node->left->value, &node->right->value, &is_found));
    return truth(is_found, &node->value);
  }
  for (svari_eval_node_t *item = node->right->left; item != NULL; item = item->next) {
    SVAR_TRY(know(arena, item));
    is_found = is_found || svari_eval_are_equal(&node->left->value, &item->value);
  }
  return truth(is_found, &node->value);
}

// Both operands, and what their operator makes of them.
static svar_ret_t
combine(svari_arena_t *arena, svari_eval_node_t *node)
{
  SVAR_TRY(know(arena, node->left));
  SVAR_TRY(know(arena, node->right));
  const svari_eval_value_t *left = &node->left->value;
  const svari_eval_value_t *right = &node->right->value;
  if (node->form == SVARI_EVAL_COMPUTE) {
    return svari_eval_compute(arena, node->symbol, left, right, &node->value);
  }
  bool holds = false;
  if (node->form == SVARI_EVAL_EQUAL) {
    holds = svari_eval_are_equal(left, right);
  } else {
    SVAR_TRY(svari_eval_is_less(left, right, &holds));
  }
  return truth(holds, &node->value);
}

// Sees to it that the node's value is known. As deep as the parser allows.
static svar_ret_t
know(svari_arena_t *arena, svari_eval_node_t *node)
{
  if (node->is_known) {
    return SVAR_OK;
  }
  svar_ret_t ret = SVAR_OK;
  switch (node->form) {
  case SVARI_EVAL_LITERAL:
    break;
  case SVARI_EVAL_CHOICE:
    ret = choose(arena, node);
    break;
  case SVARI_EVAL_OR:
  case SVARI_EVAL_AND:
    ret = join(arena, node);
    break;
  case SVARI_EVAL_NOT:
    SVAR_TRY(know(arena, node->left));
    ret = truth(!svari_eval_is_true(&node->left->value), &node->value);
    break;
  case SVARI_EVAL_MEMBER:
    ret = find(arena, node);
    break;
  case SVARI_EVAL_EQUAL:
  case SVARI_EVAL_LESS:
  case SVARI_EVAL_COMPUTE:
    ret = combine(arena, node);
    break;
  case SVARI_EVAL_LIST:
    ret = svar_fail(SVAR_ERR_UNSUPPORTED, "a list stands to the right of `in` only");
    break;
  }
  node->is_known = ret == SVAR_OK;
  return ret;
}

svar_ret_t
svari_eval(svari_arena_t *arena, const char *expression, const char **out_text)
{
  svari_eval_node_t *root = NULL;
  svar_ret_t ret = svari_eval_parse(arena, expression, &root);
  if (ret == SVAR_OK) {
    ret = know(arena, root);
  }
  if (ret != SVAR_OK) {
    svar_fail_context("$(eval): in '%.300s'", expression);
    return ret;
  }
  *out_text = svari_eval_text(arena, &root->value);
  return SVAR_OK;
}
