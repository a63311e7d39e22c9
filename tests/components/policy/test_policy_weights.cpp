// The weights that a policy runs on, while their store moves on.
#include <cmath>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_places.hpp"
#include "components/policy/policy_run_check.hpp"
#include "policy_weights.h"

namespace
{

template <typename Place> class PolicyWeights : public OnPlace<Place>
{
protected:
  PolicyWeights() : stored_(std::make_unique<StoredPolicy>(Place::kTarget, first_))
  {
    Open(std::exchange(stored_->store, nullptr));
  }
  ~PolicyWeights() override
  {
    stored_.reset();
    svari_policy_network_destroy(network_);
    svari_policy_weights_close(&weights_);
  }

  // The store is the weights' from now on; stored_ goes on to set it.
  void Open(svar_store_t *store)
  {
    svari_policy_sizes_t sizes;
    Require(svari_policy_weights_open(store, &weights_));
    Require(svari_policy_sizes_of(svari_policy_weights_tensors(&weights_), &sizes));
    Require(svari_policy_network_create(&sizes, Place::kDevice, &network_));
    Require(svari_policy_weights_check(&weights_, network_));
  }
  uint64_t Set(const Tables &tables)
  {
    stored_->store = weights_.source.store;
    uint64_t version = stored_->Set(tables);
    stored_->store = nullptr;
    return version;
  }
  svar_ret_t Renew()
  {
    return svari_policy_weights_renew(&weights_, network_);
  }
  // A step that must be one of these weights.
  void ExpectStepOn(const Tables &tables)
  {
    std::vector<float> observation(47, 0.5f), action(12);
    Require(svari_policy_network_step(network_, svari_policy_weights_tensors(&weights_),
                                      observation.data(), action.data()));
    EXPECT_LE(LargestDifference({action.begin(), action.end()},
                                model_.Step(tables, std::vector<double>(47, 0.5))),
              kActionTolerance);
  }

  Tables first_ = MadeWeights(47, 64, 32, 12);
  std::unique_ptr<StoredPolicy> stored_;
  svari_policy_weights_t weights_ = {};
  svari_policy_network_t *network_ = nullptr;
  PolicyReference model_;
};
TYPED_TEST_SUITE(PolicyWeights, Places);

TYPED_TEST(PolicyWeights, AreThoseOfTheNewestVersionAsAWhole)
{
  this->ExpectStepOn(this->first_);
  for (int i = 1; i < 40; i++) { // more versions than a ring has
    Tables next = Scaled(this->first_, 1 - i * 0.01);
    uint64_t version = this->Set(next);
    this->ExpectStepOn(i == 1 ? this->first_ : Scaled(this->first_, 1 - (i - 1) * 0.01));
    ASSERT_EQ(this->Renew(), SVAR_OK) << svar_error_message();
    EXPECT_EQ(svari_policy_weights_version(&this->weights_), version);
    this->ExpectStepOn(next);
  }
}

TYPED_TEST(PolicyWeights, StayUntilThereAreGoodOnesAndAreRefusedOnce)
{
  Tables infinite = Scaled(this->first_, 0.5), good = Scaled(this->first_, 0.9);
  infinite.at("actor.2.weight").values[33] = -INFINITY;
  for (int i = 0; i < 40; i++) {
    bool is_finite = i % 2 == 1;
    uint64_t version = this->Set(is_finite ? MadeWeights(47, 64, 32, 11) : infinite);
    svar_ret_t ret = this->Renew();
    EXPECT_EQ(ret, is_finite ? SVAR_ERR_TYPE : SVAR_ERR_VALUE);
    EXPECT_TRUE(svari_policy_weights_are_refused(ret));
    EXPECT_EQ(std::string(svar_error_message())
                  .rfind("version " + std::to_string(version) + " of '/policy': ", 0),
              0u)
        << svar_error_message();
    EXPECT_EQ(this->Renew(), SVAR_OK) << "said once";
    EXPECT_EQ(svari_policy_weights_version(&this->weights_), 1u);
    this->ExpectStepOn(this->first_);
  }
  this->Set(good);
  EXPECT_EQ(this->Renew(), SVAR_OK);
  this->ExpectStepOn(good);
}

TYPED_TEST(PolicyWeights, MoveToAnotherStoreIfItsAreGood)
{
  Tables second = Scaled(this->first_, 0.7), narrow = MadeWeights(47, 64, 32, 11);
  StoredPolicy bad(TypeParam::kTarget, narrow), other(TypeParam::kTarget, second);
  EXPECT_EQ(
      svari_policy_weights_move(&this->weights_, std::exchange(bad.store, nullptr), this->network_),
      SVAR_ERR_TYPE);
  this->ExpectStepOn(this->first_);
  svar_store_t *old = this->weights_.source.store;
  ASSERT_EQ(svari_policy_weights_move(&this->weights_, std::exchange(other.store, nullptr),
                                      this->network_),
            SVAR_OK)
      << svar_error_message();
  EXPECT_NE(this->weights_.source.store, old);
  this->ExpectStepOn(second);
}

TYPED_TEST(PolicyWeights, TellAFailureFromARefusal)
{
  for (svar_ret_t ret : {SVAR_OK, SVAR_EMPTY, SVAR_ERR_DEVICE, SVAR_ERR_FORKED, SVAR_ERR_CORRUPT}) {
    EXPECT_FALSE(svari_policy_weights_are_refused(ret));
  }
  for (svar_ret_t ret : {SVAR_ERR_UNSET, SVAR_ERR_SYSTEM, SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY}) {
    EXPECT_TRUE(svari_policy_weights_are_refused(ret));
  }
}

} // namespace
